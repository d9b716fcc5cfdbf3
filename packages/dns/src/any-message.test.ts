/** Whatever comes, the answer is no larger than allowed and can be read. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointSlice, ServiceImport } from '@isthmus/api'
import { namesOfService } from '@isthmus/core'
import fc from 'fast-check'
import { labelsOf } from './message/wire-name.ts'
import {
  clusterSetIP,
  decodeAnswer,
  encodeQuestion,
  fixture,
  headless,
  slice,
} from './testing/zone-fixture.ts'
import { Zone } from './zone/zone.ts'

const { responder } = await fixture(
  clusterSetIP('web', '10.0.0.1', 'fd00::1'),
  headless('many'),
  slice('many', 60),
)

const label = fc.constantFrom(
  'web',
  'many',
  'demo',
  'svc',
  'clusterset',
  'local',
  'pod-1',
  'east',
  '_http',
  '_tcp',
  'X',
)
const name = fc.oneof(
  fc.array(label, { maxLength: 8 }).map(labels => labels.join('.')),
  fc
    .constantFrom('web', 'many', '_http._tcp.many', 'pod-1.east.many')
    .map(name => `${name}.demo.svc.clusterset.local`),
)
const type = fc.constantFrom('A', 'AAAA', 'SRV', 'TXT', 'NS', 'SOA', 'MX', 'ANY', 'AXFR', 'UNKNOWN_64')
const udpSize = fc.option(fc.constantFrom(0, 511, 513, 600, 1232, 4096, 65_535), { nil: undefined })
const query = fc
  .record({ name, type, udpSize })
  .map(({ udpSize, ...rest }) => encodeQuestion({ ...rest, ...(udpSize !== undefined && { udpSize }) }))
const change = fc.record({ at: fc.nat(), byte: fc.nat(255) })

/** Bytes that are a query but for a few, so that they get further than noise. */
const nearlyQuery = fc
  .record({
    query,
    changes: fc.array(change, { maxLength: 4 }),
    cut: fc.option(fc.nat(80), { nil: undefined }),
  })
  .map(({ query, changes, cut }) => {
    const bytes = Buffer.from(query)
    for (const { at, byte } of changes) bytes[at % bytes.length] = byte
    return bytes.subarray(0, cut)
  })
const noise = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))

function allowedOverUdp(query: Buffer): number {
  // The last record of a query of ours is OPT, if any.
  const opt = query.length - 11
  return query[11] === 1 && opt > 12 && query.readUInt16BE(opt + 1) === 41
    ? Math.max(512, query.readUInt16BE(opt + 3))
    : 512
}

describe('any message', () => {
  it('gets an answer that can be read, within what it allows', () => {
    fc.assert(
      fc.property(query, query => {
        const size = responder.respond(query, 'udp')
        assert.ok(size >= query.length - 11 && size <= allowedOverUdp(query))
        const answer = decodeAnswer(responder.response.subarray(0, size))
        assert.equal(answer.id, 7)
        assert.equal(answer.type, 'response')
      }),
    )
  })

  it('never makes the server fail, nor send more than the protocol carries', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearlyQuery, noise),
        fc.constantFrom('udp' as const, 'tcp' as const),
        (bytes, transport) => {
          const before = Buffer.from(bytes)
          const size = responder.respond(bytes, transport)
          assert.deepEqual(bytes, before)
          assert.ok(size === 0 || (size >= 12 && size <= 65_535))
          // Without an OPT record in it, a datagram of 512 bytes has to do.
          if (transport === 'udp' && bytes.length >= 12 && bytes.readUInt16BE(10) === 0)
            assert.ok(size <= 512)
          if (size > 0) {
            assert.equal(responder.response.readUInt16BE(0), bytes.readUInt16BE(0))
            assert.ok(responder.response.readUInt16BE(2) & 0x8000)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('any object', () => {
  const word = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: 'binary', maxLength: 5 }), label)
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), word)
  const ports = fc.array(
    fc.record({ name: word, protocol: word, port: fc.oneof(fc.nat(65_535), fc.double()) }),
  )
  const endpoints = fc.array(fc.record({ addresses: fc.array(address), hostname: word }))
  const objects = fc.record({ ips: fc.array(address), ports, endpoints, cluster: word })

  it('makes names whose answers can be read', () => {
    const types = ['A', 'AAAA', 'SRV'] as const
    fc.assert(
      fc.property(
        objects,
        fc.constantFrom('Headless', 'ClusterSetIP'),
        ({ ips, ports, endpoints, cluster }, type) => {
          const serviceImport = { ...headless('odd'), spec: { type, ports, ips } } as ServiceImport
          const labels = { 'multicluster.kubernetes.io/source-cluster': cluster }
          const odd = { ...slice('odd', 0), endpoints, ports, metadata: { labels } } as EndpointSlice
          const names = namesOfService(serviceImport, [odd])
          const zone = new Zone({ ttl: 5, nameServerAddresses: [] })
          zone.setService('demo/odd', () => names)
          for (const { name, records } of names) {
            const labels = labelsOf(name)
            for (const type of types) {
              const prepared = zone.find(labels, 0, labels.length)?.answer(type)
              assert.equal(prepared?.answerCount ?? 0, records.filter(record => record.type === type).length)
            }
          }
        },
      ),
    )
  })
})
