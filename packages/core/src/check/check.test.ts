import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExportedServiceSpec } from '@isthmus/api'
import fc from 'fast-check'
import { chunkSpec, exportedSpec } from '../testing/objects.ts'
import { refusedAddress } from './addresses.ts'
import { checkChunk } from './check-chunk.ts'
import { checkRecord } from './check-record.ts'

const REFUSED_ADDRESSES: [string, 'IPv4' | 'IPv6'][] = [
  ['127.0.0.1', 'IPv4'],
  ['169.254.169.254', 'IPv4'],
  ['fd00:ec2::254', 'IPv6'],
  ['fd00:ec2:0:0::254', 'IPv6'],
  ['224.0.0.1', 'IPv4'],
  ['0.0.0.0', 'IPv4'],
  ['255.255.255.255', 'IPv4'],
  ['010.0.0.1', 'IPv4'],
  ['fd00::1', 'IPv4'],
  ['::1', 'IPv6'],
  ['::', 'IPv6'],
  ['fe80::1', 'IPv6'],
  ['fd00::1%eth0', 'IPv6'],
  ['ff02::1', 'IPv6'],
  ['::ffff:127.0.0.1', 'IPv6'],
  ['10.0.0.1', 'IPv6'],
  ['../etc', 'IPv4'],
]

describe('what a peer sends is checked', () => {
  for (const [address, family] of REFUSED_ADDRESSES) {
    it(`${address} is no endpoint's ${family} address`, () =>
      assert.notEqual(refusedAddress(address, family), undefined))
  }
  it('takes routable addresses', () => {
    assert.equal(refusedAddress('10.1.0.5', 'IPv4'), undefined)
    assert.equal(refusedAddress('fd00:10:11::5', 'IPv6'), undefined)
  })

  it('leaves out a bad endpoint and keeps the others', () => {
    const good = { addresses: ['10.1.0.5'], ready: true, serving: true, terminating: false }
    const { value, refusals } = checkChunk(
      chunkSpec({ endpoints: [good, { ...good, addresses: ['127.0.0.1'] }] }),
    )
    assert.deepEqual(value?.endpoints, [good])
    assert.match(refusals[0]?.message ?? '', /loopback/)
  })

  const BAD: [string, Partial<Record<keyof ExportedServiceSpec, unknown>>][] = [
    ['a time', { exportedAt: 'yesterday' }],
    ['a time of no time zone', { exportedAt: '2026-11-22T08:00:00' }],
    ['a type', { type: 'ExternalName' }],
    ['a port out of range', { ports: [{ port: 70000 }] }],
    ['a port name', { ports: [{ name: 'No!', port: 1 }] }],
    [
      'two ports of one name',
      {
        ports: [
          { name: 'a', port: 1 },
          { name: 'a', port: 2 },
        ],
      },
    ],
    ['families', { ipFamilies: ['IPv4', 'IPv4'] }],
    ['an affinity', { sessionAffinity: 'Cookie' }],
    ['an affinity time-out', { sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } }],
    ['an affinity configuration that is a text', { sessionAffinityConfig: 'long' }],
    ['an affinity of clients that is a number', { sessionAffinityConfig: { clientIP: 7 } }],
    ['chunks that are no list', { chunks: 'all' }],
  ]
  for (const [what, spec] of BAD) {
    it(`refuses a record for ${what}`, () => {
      const { value, refusals } = checkRecord({ ...exportedSpec(), ...spec } as ExportedServiceSpec)
      assert.deepEqual([value, refusals.length], [undefined, 1])
    })
  }

  it('takes times with any offset', () => {
    for (const exportedAt of ['2026-11-22T08:00:00.5Z', '2026-11-22T08:00:00+01:00'])
      assert.deepEqual(checkRecord(exportedSpec({ exportedAt })).refusals, [])
  })

  it('takes as many ports of endpoints as of a service', () => {
    const ports = Array.from({ length: 251 }, (_, i) => ({
      name: `p${i}`,
      protocol: 'TCP' as const,
      port: i + 1,
    }))
    assert.deepEqual(checkRecord(exportedSpec({ ports: ports.slice(1) })).refusals, [])
    assert.deepEqual(checkChunk(chunkSpec({ ports: ports.slice(1) })).refusals, [])
    assert.equal(checkChunk(chunkSpec({ ports })).value, undefined)
  })

  it('refuses what an API server would refuse a whole slice for', () => {
    const [good] = chunkSpec().endpoints
    for (const condition of ['ready', 'serving', 'terminating'])
      for (const value of ['yes', null, undefined, 1]) {
        const bad = { ...good, [condition]: value } as unknown as typeof good
        const { value: checked } = checkChunk(chunkSpec({ endpoints: [bad, good] as never }))
        assert.deepEqual(checked?.endpoints, [good], `${condition}: ${value}`)
      }
    for (const appProtocol of ['', 'a b', 7, null]) {
      const ports = [{ name: 'http', protocol: 'TCP', port: 80, appProtocol }] as never
      assert.equal(checkChunk(chunkSpec({ ports })).value, undefined, `${appProtocol}`)
    }
    const ports = [{ name: 'http', protocol: 'TCP', port: 80, appProtocol: 'kubernetes.io/h2c' } as const]
    assert.deepEqual(checkChunk(chunkSpec({ ports })).value?.ports, ports)
  })

  it('leaves out labels that steer controllers, and says which', () => {
    const labels = {
      'argocd.argoproj.io/instance': 'x',
      'app.kubernetes.io/managed-by': 'isthmus.dev',
      team: 'a',
    }
    const { value, refusals } = checkRecord(exportedSpec({ labels }))
    assert.deepEqual(value?.labels, { team: 'a' })
    assert.equal(refusals.length, 2)
  })

  it('never throws, whatever the shape', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...Object.keys(exportedSpec()), 'labels', 'addresses', 'name'),
          fc.jsonValue(),
        ),
        fields => {
          checkRecord({ ...exportedSpec(), ...fields } as ExportedServiceSpec)
          checkChunk({ ...chunkSpec(), ...fields } as never)
          checkChunk(fields.labels as never)
          checkChunk(chunkSpec({ endpoints: [fields as never], ports: [fields as never] }))
        },
      ),
      { numRuns: 500 },
    )
  })
})
