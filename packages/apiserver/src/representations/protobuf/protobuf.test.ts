import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ProtobufError } from './decode.ts'
import { decodeObject, encodeEvent, encodeList, encodeObject, hasMessage } from './envelope.ts'

const POD = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: 'a',
    namespace: 'n',
    labels: { x: 'y', '': '' },
    creationTimestamp: '2026-01-02T03:04:05Z',
    managedFields: [
      { manager: 'm', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } },
    ],
  },
  spec: {
    containers: [
      {
        name: 'main',
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: '100m' } },
        livenessProbe: { httpGet: { port: 'http', path: '/' }, initialDelaySeconds: 1 },
        readinessProbe: { tcpSocket: { port: 8080 } },
        env: [{ name: 'E', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }],
      },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
  },
}

const LEASE = {
  kind: 'Lease',
  apiVersion: 'coordination.k8s.io/v1',
  metadata: { name: 'l' },
  spec: { holderIdentity: '', renewTime: '2026-01-02T03:04:05.000006Z', leaseTransitions: 0 },
}

describe('protobuf', () => {
  for (const object of [POD, LEASE]) {
    test(`a ${object.kind} comes back as it was`, () => {
      assert.deepEqual(decodeObject(encodeObject(object)), object)
    })
  }

  test('a Secret keeps its bytes', () => {
    const data = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.uint8Array())
    fc.assert(
      fc.property(data, values => {
        const encoded = Object.entries(values).map(([key, bytes]) => [
          key,
          Buffer.from(bytes).toString('base64'),
        ])
        const secret = { kind: 'Secret', apiVersion: 'v1', metadata: {}, data: Object.fromEntries(encoded) }
        const { data: decoded = {} } = decodeObject(encodeObject(secret))
        assert.deepEqual(decoded, secret.data)
      }),
    )
  })

  test('whatever the bytes, the answer is an object or a ProtobufError', () => {
    const whole = encodeObject(POD)
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.concat([Buffer.from('k8s\0'), bytes])),
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = Buffer.from(whole)
        changed[at] = byte
        return changed
      }),
    )
    fc.assert(
      fc.property(hostile, bytes => {
        try {
          assert.equal(typeof decodeObject(bytes), 'object')
        } catch (error) {
          assert.ok(error instanceof ProtobufError, String(error))
        }
      }),
    )
  })

  test('lists and events are framed as Kubernetes does', () => {
    const list = encodeList({ kind: 'PodList', apiVersion: 'v1' }, { resourceVersion: '7' }, [])
    assert.equal(list.subarray(0, 4).toString(), 'k8s\0')
    const event = encodeEvent('ADDED', encodeObject(POD))
    assert.equal(event.readUInt32BE(0), event.length - 4)
  })

  test('custom kinds have no message', () => {
    assert.equal(hasMessage({ kind: 'Gadget', apiVersion: 'example.test/v1' }), false)
  })
})
