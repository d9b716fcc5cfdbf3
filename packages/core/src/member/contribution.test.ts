import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExportedEndpointsSpec, ExportedServiceSpec } from '@isthmus/api'
import type { MemberExport } from '../merge/exports.ts'
import { chunkSpec, exportedSpec, memberExport } from '../testing/objects.ts'
import { contributionOf, type ExchangeView } from './contribution.ts'

const KEY = 'demo/hello'
const CHUNK = 'hello.demo.5f3c1'

interface Exchange {
  sequence?: number | undefined
  clusterId?: string
  services?: string[]
  record?: Partial<ExportedServiceSpec> | undefined
  chunk?: ExportedEndpointsSpec | undefined
  highest?: number
  remembered?: MemberExport
}

function view(exchange: Exchange): { view: ExchangeView; services: ReadonlySet<string> } {
  const {
    sequence = 10,
    clusterId = 'east',
    services = [KEY],
    record,
    chunk,
    highest = 10,
    remembered,
  } = exchange
  const metadata = { name: 'x' }
  const head = { apiVersion: 'isthmus.dev/v1alpha1', metadata }
  return {
    services: new Set(services),
    view: {
      clusterId: 'east',
      highestSequence: highest,
      index:
        'sequence' in exchange && exchange.sequence === undefined
          ? undefined
          : { ...head, kind: 'ExportIndex', spec: { sequence, clusterId, services } },
      record: name =>
        record !== undefined && name === 'hello.demo'
          ? { ...head, kind: 'ExportedService', spec: exportedSpec(record) }
          : undefined,
      chunk: name =>
        chunk !== undefined && name === CHUNK
          ? { ...head, kind: 'ExportedEndpoints', spec: chunk }
          : undefined,
      remembered: () => remembered,
    },
  }
}

function contribution(exchange: Exchange) {
  const { view: exchangeView, services } = view(exchange)
  return contributionOf(KEY, exchangeView, services)
}

const remembered = memberExport('east', {}, { [CHUNK]: chunkSpec() })

describe('what a member contributes', () => {
  it('is its record, with the chunks that the record names', () => {
    const c = contribution({ record: { chunks: [CHUNK] }, chunk: chunkSpec() })
    assert.equal(c.kind, 'present')
    assert.deepEqual(c.kind === 'present' && [...c.export.chunks], [[CHUNK, chunkSpec()]])
  })

  it('is the link’s cluster’s, whatever the record says', () => {
    const c = contribution({ record: { ...({ clusterId: 'north' } as object) } })
    assert.equal(c.kind === 'present' && c.export.clusterId, 'east')
  })

  it('is absent only when an index omits it', () => {
    assert.equal(contribution({ services: [], record: {}, remembered }).kind, 'absent')
  })

  const SILENCE: { what: string; exchange: Exchange; why: RegExp }[] = [
    { what: 'no index', exchange: { sequence: undefined, record: {} }, why: /has not been read/ },
    {
      what: 'an index that went back',
      exchange: { sequence: 9, services: [] },
      why: /went back from sequence 10 to 9/,
    },
    {
      what: 'an index of another cluster',
      exchange: { clusterId: 'west', services: [] },
      why: /calls itself "west"/,
    },
    { what: 'a named service without its record', exchange: {}, why: /is not there/ },
    {
      what: 'a record that is refused',
      exchange: { record: { type: 'Magic' as 'Headless' } },
      why: /refused: type "Magic"/,
    },
    {
      what: 'a record of another service',
      exchange: { record: { service: { namespace: 'kube-system', name: 'x' } } },
      why: /speaks of another/,
    },
  ]
  for (const { what, exchange, why } of SILENCE) {
    it(`is what it was: ${what}`, () => {
      const c = contribution({ ...exchange, remembered })
      assert.ok(c.kind === 'unknown')
      assert.match(c.why, why)
      assert.equal(c.remembered, remembered)
    })
  }

  it('keeps a chunk that is named and gone, and knows one that never was as unknown', () => {
    const gone = contribution({ record: { chunks: [CHUNK] }, remembered })
    assert.deepEqual(gone.kind === 'present' && gone.export.chunks.get(CHUNK), chunkSpec())
    const never = contribution({ record: { chunks: [CHUNK] } })
    assert.ok(never.kind === 'present' && never.export.chunks.has(CHUNK))
    assert.equal(never.kind === 'present' && never.export.chunks.get(CHUNK), undefined)
  })

  it('does not take a chunk of another service', () => {
    const c = contribution({ record: { chunks: ['other.demo.1'] }, chunk: chunkSpec() })
    assert.ok(c.kind === 'present' && c.export.chunks.size === 0 && c.refusals.length === 1)
  })
})
