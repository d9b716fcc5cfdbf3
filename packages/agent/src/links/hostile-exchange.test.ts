/** API servers of peers that answer what no exchange holds. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EXPORTED_ENDPOINTS, EXPORTED_SERVICES, type KubernetesObject, type ResourceType } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { eventually } from '../testing/eventually.ts'
import { ScriptedExchange } from '../testing/scripted-exchange.ts'
import { Link, type LinkOptions } from './link.ts'

function linkOver(client: ClusterClient, options: Partial<LinkOptions> = {}): Link {
  return new Link({
    clusterId: 'west',
    ownId: 'east',
    client,
    exchangeNamespace: 'isthmus-exchange',
    highestSequence: 0,
    onChange: () => {},
    onEverything: () => {},
    onSequence: () => {},
    onHeldThere: () => {},
    onState: () => {},
    clock: Date.now,
    backoff: { initialMs: 2, maxMs: 10, factor: 2 },
    ...options,
  })
}

const record = (i: number, more: object = {}): KubernetesObject => ({
  apiVersion: 'isthmus.dev/v1alpha1',
  kind: 'ExportedService',
  metadata: { namespace: 'isthmus-exchange', name: `s${i}.demo`, uid: `${i}`, resourceVersion: '1' },
  ...{ spec: { service: { namespace: 'demo', name: `s${i}` } }, ...more },
})

/** An exchange in order, but for the lists of one kind. */
function listing(
  plural: string,
  pages: () => Generator<KubernetesObject[]>,
): { client: ClusterClient; read: () => number } {
  const exchange = new ScriptedExchange()
  exchange.index(10, ['demo/hello'])
  let read = 0
  const running = new Map<string, Generator<KubernetesObject[]>>()
  const list = async (type: ResourceType, options: { continue?: string }) => {
    if (type.plural !== plural) return exchange.client.list(type, options)
    const generator = (options.continue === undefined ? undefined : running.get(plural)) ?? pages()
    running.set(plural, generator)
    const { value = [], done } = generator.next()
    read += value.length
    return { items: value, metadata: { resourceVersion: '100', ...(done ? {} : { continue: 'more' }) } }
  }
  return { client: { ...exchange.client, list } as unknown as ClusterClient, read: () => read }
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

describe('of a hostile exchange', () => {
  it('a million records are not read, memory stays bounded, and the link says so', async () => {
    const before = heapUsed()
    const { client, read } = listing(EXPORTED_SERVICES.plural, function* () {
      for (let i = 0; i < 1_000_000; i += 100) yield Array.from({ length: 100 }, (_, j) => record(i + j))
    })
    const link = linkOver(client)
    link.start()
    try {
      await eventually(() => assert.equal(link.status().state, 'refused'))
      assert.equal(link.status().reason, 'it offers more than 20000 objects: that is not read')
      assert.ok(read() <= 20_100, `${read()} were read`)
      const grown = heapUsed() - before
      assert.ok(grown < 40 << 20, `the heap grew by ${grown >> 20} MiB`)
    } finally {
      await link.stop()
    }
  })

  const HUGE: [what: string, plural: string, object: () => KubernetesObject][] = [
    [
      'a record of 10 MB',
      EXPORTED_SERVICES.plural,
      () => record(0, { spec: { labels: { a: 'x'.repeat(10 << 20) } } }),
    ],
    [
      '10 MB of numbers',
      EXPORTED_ENDPOINTS.plural,
      () => record(0, { spec: { endpoints: new Array(5 << 20).fill(1) } }),
    ],
    ['what is nested without end', EXPORTED_ENDPOINTS.plural, () => record(0, { spec: nested(50_000) })],
  ]
  for (const [what, plural, object] of HUGE) {
    it(`${what} is not kept, and the link says so`, async () => {
      const { client } = listing(plural, function* () {
        yield [object()]
      })
      const link = linkOver(client)
      link.start()
      try {
        await eventually(() => assert.equal(link.status().state, 'refused'))
        assert.match(
          link.status().reason ?? '',
          /it offers an object (of more than 2097152 bytes|that is nested)/,
        )
      } finally {
        await link.stop()
      }
    })
  }

  it('what comes along with records is dropped', async () => {
    const exchange = new ScriptedExchange()
    exchange.index(10, ['demo/hello'])
    exchange.service('hello')
    const list = async (type: ResourceType) => {
      const page = await exchange.client.list(type)
      for (const item of page.items) Object.assign(item, { ballast: 'x'.repeat(5 << 20) })
      for (const { metadata } of page.items) metadata.annotations = { ballast: 'x'.repeat(5 << 20) }
      return page
    }
    const link = linkOver({ ...exchange.client, list } as unknown as ClusterClient)
    link.start()
    try {
      await eventually(() => assert.equal(link.status().state, 'connected'))
      assert.equal(link.contribution('demo/hello').kind, 'present')
    } finally {
      await link.stop()
    }
  })

  it('names that are none are counted, and told', async () => {
    const exchange = new ScriptedExchange()
    exchange.index(10, ['demo/hello', '../x', 'Demo/x'])
    const link = linkOver(exchange.client)
    link.start()
    try {
      await eventually(() => assert.equal(link.status().state, 'connected'))
      assert.equal(link.status().reason, '2 names in its ExportIndex are not namespace/name, such as "../x"')
      assert.deepEqual(
        link.refusals().map(({ rule }) => rule),
        ['index'],
      )
    } finally {
      await link.stop()
    }
  })

  it('a flood of changes ceases to be urgent', async () => {
    const exchange = new ScriptedExchange()
    exchange.index(10, ['demo/hello'])
    exchange.service('hello')
    let urgent = 0
    let flood = 0
    const link = linkOver(exchange.client, { onChange: (_, isFlood) => (isFlood ? flood++ : urgent++) })
    link.start()
    try {
      await eventually(() => assert.equal(link.status().state, 'connected'))
      for (let i = 0; i < 7_000; i++) exchange.chunk('hello', `10.1.${i >> 8}.${i & 255}`)
      // Beyond the first crowd, twice as many are taken in a second as may be urgent.
      await eventually(() => assert.ok(flood > 300, `${urgent} urgent, ${flood} not`))
      assert.ok(urgent >= 5_000, `${urgent} urgent, ${flood} not`)
    } finally {
      await link.stop()
    }
  })
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}
