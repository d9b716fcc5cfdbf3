import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinSchema } from '../schema/builtin/builtin-schema.ts'
import { DecodeError, decodeBuiltIn } from './decode-built-in.ts'

const decode = (document: Record<string, unknown>, kind = 'Service') =>
  decodeBuiltIn(builtinSchema('', 'v1', kind), document, kind)

/** Errors in Go's words. */
const ERRORS: readonly (readonly [document: Record<string, unknown>, error: string])[] = [
  [{ spec: 1 }, 'json: cannot unmarshal number into Go struct field Service.spec of type v1.ServiceSpec'],
  [
    { spec: { ports: {} } },
    'json: cannot unmarshal object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort',
  ],
  [
    { spec: { ports: [{ port: '80' }] } },
    'json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32',
  ],
  [
    { metadata: { labels: { a: true } } },
    'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [
    { metadata: { creationTimestamp: 'now' } },
    'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
  ],
]

for (const [document, message] of ERRORS) {
  test(message, () => assert.throws(() => decode(document), new DecodeError(message)))
}

test('null and empty collections are absent, structs stay, times are in UTC', () => {
  const { object } = decode({
    metadata: { name: 'a', labels: {}, finalizers: [], creationTimestamp: '2026-01-01T01:00:00+01:00' },
    spec: { selector: null, sessionAffinityConfig: {}, ports: [{ port: 80, targetPort: 'x' }] },
  })
  assert.deepEqual(object, {
    metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { sessionAffinityConfig: {}, ports: [{ port: 80, targetPort: 'x' }] },
  })
})

test('unknown fields are dropped and named', () => {
  const { object, unknown } = decode({ nope: 1, spec: { ports: [{ port: 1, nope: 2 }] }, constructor: 3 })
  assert.deepEqual(unknown, ['nope', 'spec.ports[0].nope', 'constructor'])
  assert.deepEqual(object, { spec: { ports: [{ port: 1 }] } })
})

test('a key that is __proto__ is a key', () => {
  const { object } = decode(JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}'))
  const { labels } = object.metadata as { labels: object }
  assert.deepEqual(Object.keys(labels), ['__proto__'])
})
