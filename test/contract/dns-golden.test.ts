/** Replays what CoreDNS answered, over UDP and TCP, against our server with the same objects. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { DnsServer, ObjectSource, type ZoneObject } from '@isthmus/dns'
import { DIFFERENCES, type Expectation } from './dns-differences.ts'

interface Question {
  qname: string
  qtype: string
  qclass?: string
  transport: 'udp' | 'tcp'
  edns: { size: number } | null
}

interface Answer {
  rcode: string
  flags: { aa: boolean; tc: boolean; ra: boolean }
  answers: object[]
  authority: object[]
  additional: object[]
  edns: object | null
}

interface Transcript {
  name: string
  objects: ZoneObject[]
  queries: { query: Question; answer: Answer }[]
}

interface Replayer {
  ask(query: Question, server: string): Promise<unknown>
  normal(answer: unknown): Answer
  diff(expected: Answer, got: Answer): string[]
}

const GOLDEN = new URL('../fixtures/golden/', import.meta.url)
const { ask, normal, diff } = (await import(new URL('dnsq.mjs', GOLDEN).href)) as Replayer

const SOA = {
  name: 'clusterset.local.',
  type: 'SOA',
  ttl: 5,
  data: 'ns.dns.clusterset.local. hostmaster.clusterset.local. <serial> 7200 1800 86400 5',
}

const WITHOUT_RECORDS = { answers: [], authority: [], additional: [] }
const AUTHORITATIVE = { aa: true, tc: false, ra: false }

function expectedAnswer(recorded: Answer, expectation: Expectation | undefined): Answer {
  const { edns } = recorded
  switch (expectation) {
    case undefined:
      return recorded
    case 'NODATA':
      return { ...WITHOUT_RECORDS, rcode: 'NOERROR', flags: AUTHORITATIVE, authority: [SOA], edns }
    case 'NXDOMAIN':
      return { ...WITHOUT_RECORDS, rcode: 'NXDOMAIN', flags: AUTHORITATIVE, authority: [SOA], edns }
    case 'REFUSED':
      return { ...WITHOUT_RECORDS, rcode: 'REFUSED', flags: { ...AUTHORITATIVE, aa: false }, edns }
    default:
      return { ...WITHOUT_RECORDS, rcode: 'NOERROR', flags: AUTHORITATIVE, answers: [expectation], edns }
  }
}

/** `name type`, and the class before the type if it is not IN. */
const keyOf = ({ qname, qclass = '', qtype }: Question) => `${qname} ${qclass}${qtype}`

const FILES = readdirSync(new URL('dns/', GOLDEN)).filter(file => file.endsWith('.json'))
const TRANSCRIPTS = FILES.map(
  file => JSON.parse(readFileSync(new URL(`dns/${file}`, GOLDEN), 'utf8')) as Transcript,
)
const KINDS = ['ServiceImport', 'EndpointSlice', 'Namespace']

for (const { name, objects, queries } of TRANSCRIPTS) {
  describe(`golden ${name}`, () => {
    const source = new ObjectSource(objects.filter(object => KINDS.includes(object.kind)))
    const dns = new DnsServer({ source })
    let server = ''
    before(async () => {
      const { address, port } = await dns.listen({ port: 0 })
      await dns.whenSynced()
      server = `${address}:${port}`
    })
    after(() => dns.close())

    for (const [qname, group] of Map.groupBy(queries, ({ query }) => query.qname)) {
      it(qname, async () => {
        for (const { query, answer } of group) {
          const expected = expectedAnswer(answer, DIFFERENCES.get(keyOf(query))?.expect)
          const what = `${query.qtype} over ${query.transport}, EDNS ${query.edns?.size ?? 'none'}`
          assert.deepEqual(diff(expected, normal(await ask(query, server))), [], what)
        }
      })
    }
  })
}

describe('deliberate differences from CoreDNS', () => {
  const asked = new Set(TRANSCRIPTS.flatMap(t => t.queries.map(({ query }) => keyOf(query))))
  for (const [question, { why }] of DIFFERENCES) {
    it(`${question}: ${why}`, () => assert.ok(asked.has(question), 'no transcript asks this'))
  }
})
