import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import {
  ANNOTATION_HELD_INDEXES,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  LEASES,
} from '@isthmus/api'
import type { Contribution } from '@isthmus/core'
import { ApiError, ConnectionError } from '@isthmus/kube'
import { eventually } from '../testing/eventually.ts'
import { ScriptedExchange } from '../testing/scripted-exchange.ts'
import { Link } from './link.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

function linkTo(exchange: ScriptedExchange, highestSequence = 0) {
  const told = {
    keys: [] as string[],
    everything: 0,
    sequences: [] as number[],
    heldThere: 0,
    now: 1_000_000,
  }
  const link = new Link({
    clusterId: 'west',
    ownId: 'east',
    client: exchange.client,
    exchangeNamespace: 'isthmus-exchange',
    highestSequence,
    onChange: key => told.keys.push(key),
    onEverything: () => told.everything++,
    onSequence: sequence => told.sequences.push(sequence),
    onHeldThere: () => told.heldThere++,
    onState: () => {},
    clock: () => told.now,
    backoff: { initialMs: 1, maxMs: 5, factor: 2 },
  })
  stops.push(() => link.stop())
  link.start()
  return { link, told }
}

function exchangeWithHello(sequence = 10): ScriptedExchange {
  const exchange = new ScriptedExchange()
  exchange.chunk('hello', '10.2.0.1')
  exchange.service('hello')
  exchange.lease('2026-11-22T08:00:00.000000Z')
  exchange.index(sequence, ['demo/hello'])
  return exchange
}

const addresses = (contribution: Contribution): string[] | string => {
  if (contribution.kind === 'absent') return 'absent'
  const known = contribution.kind === 'present' ? contribution.export : contribution.remembered
  const read = [...(known?.chunks.values() ?? [])].flatMap(
    chunk => chunk?.endpoints.flatMap(endpoint => endpoint.addresses) ?? ['not read'],
  )
  return contribution.kind === 'present' ? read : `unknown, was ${read}`
}

describe('a link', () => {
  const connected = (link: Link) => eventually(() => assert.equal(link.status().state, 'connected'))

  it('tells what the peer exports, from when its index is read', async () => {
    const { link, told } = linkTo(exchangeWithHello())
    assert.equal(addresses(link.contribution('demo/hello')), 'unknown, was ')
    await connected(link)
    assert.deepEqual(addresses(link.contribution('demo/hello')), ['10.2.0.1'])
    assert.equal(addresses(link.contribution('demo/other')), 'absent')
    assert.deepEqual([...link.services()], ['demo/hello'])
    assert.deepEqual(told.sequences, [10])
    assert.ok(told.everything > 0)
    assert.deepEqual([link.status().sequence, link.status().services], [10, 1])
  })

  it('tells which service a chunk, a record or an index changes', async () => {
    const exchange = exchangeWithHello()
    const { link, told } = linkTo(exchange)
    await connected(link)
    const change = async (act: () => void, key: string) => {
      told.keys.length = 0
      act()
      await eventually(() => assert.ok(told.keys.includes(key)))
    }
    await change(() => exchange.chunk('hello', '10.2.0.2'), 'demo/hello')
    assert.deepEqual(addresses(link.contribution('demo/hello')), ['10.2.0.2'])
    await change(() => exchange.service('hello', { sessionAffinity: 'ClientIP' }), 'demo/hello')
    await change(() => exchange.index(11, ['demo/hello', 'demo/other']), 'demo/other')
    assert.deepEqual(told.keys, ['demo/other'])
    await change(() => exchange.index(12, ['demo/other']), 'demo/hello')
    assert.equal(addresses(link.contribution('demo/hello')), 'absent')
  })

  it('computes a contribution once', async () => {
    const { link } = linkTo(exchangeWithHello())
    await connected(link)
    assert.equal(link.contribution('demo/hello'), link.contribution('demo/hello'))
  })

  it('remembers what is deleted as long as the index names it', async () => {
    const exchange = exchangeWithHello()
    const { link, told } = linkTo(exchange)
    await connected(link)
    assert.deepEqual(addresses(link.contribution('demo/hello')), ['10.2.0.1'])
    told.keys.length = 0
    exchange.delete(EXPORTED_ENDPOINTS, 'hello.demo.0')
    await eventually(() => assert.equal(told.keys.length, 1))
    assert.deepEqual(addresses(link.contribution('demo/hello')), ['10.2.0.1'])
    exchange.delete(EXPORTED_SERVICES, 'hello.demo')
    await eventually(() => assert.equal(told.keys.length, 2))
    assert.equal(addresses(link.contribution('demo/hello')), 'unknown, was 10.2.0.1')
    exchange.delete(EXPORT_INDEXES, 'index')
    await eventually(() => assert.equal(link.status().state, 'degraded'))
    assert.match(link.status().reason ?? '', /has published nothing/)
    assert.equal(addresses(link.contribution('demo/hello')), 'unknown, was 10.2.0.1')
  })

  it('holds an index that went back until a higher one comes', async () => {
    const exchange = exchangeWithHello(10)
    const { link, told } = linkTo(exchange, 20)
    await eventually(() => assert.equal(link.status().state, 'refused'))
    assert.match(link.status().reason ?? '', /went back from sequence 20 to 10/)
    assert.equal(addresses(link.contribution('demo/hello')), 'unknown, was ')
    exchange.index(21, ['demo/hello'])
    await connected(link)
    assert.deepEqual(addresses(link.contribution('demo/hello')), ['10.2.0.1'])
    assert.deepEqual(told.sequences, [21])
    exchange.index(15, [])
    await eventually(() => assert.equal(link.status().state, 'refused'))
    assert.equal(addresses(link.contribution('demo/hello')), 'unknown, was 10.2.0.1')
    assert.equal(link.status().sequence, 21)
  })

  it('refuses a peer that calls itself otherwise', async () => {
    const exchange = exchangeWithHello()
    exchange.index(10, ['demo/hello'], 'north')
    const { link } = linkTo(exchange)
    await eventually(() => assert.match(link.status().reason ?? '', /calls itself "north", not west/))
    assert.equal(link.services().size, 0)
  })

  it('passes over keys that are none', async () => {
    const exchange = exchangeWithHello()
    exchange.index(10, ['demo/hello', '../x', 'Demo/x', 'a/b/c', 7 as unknown as string])
    const { link } = linkTo(exchange)
    await connected(link)
    assert.deepEqual([...link.services()], ['demo/hello'])
  })

  it('says why it cannot read, keeps what it knew, and recovers', async () => {
    const exchange = exchangeWithHello()
    const { link } = linkTo(exchange)
    await connected(link)
    link.contribution('demo/hello')
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    exchange.fail(new ConnectionError('https://west.example', 'list', { cause: refused }))
    await eventually(() =>
      assert.equal(link.status().reason, 'its API server refuses connections (ECONNREFUSED)'),
    )
    assert.equal(link.status().state, 'degraded')
    await eventually(() => assert.equal(link.isRead, false))
    assert.deepEqual(addresses(link.contribution('demo/hello')), ['10.2.0.1'])
    exchange.recover()
    await connected(link)
    assert.equal(link.isRead, true)
  })

  it('tells an API server that refuses from one that is away', async () => {
    const exchange = exchangeWithHello()
    const { link } = linkTo(exchange)
    await connected(link)
    exchange.fail(new ApiError(401, 'Unauthorized'))
    await eventually(() => assert.equal(link.isRead, false))
    assert.equal(link.isServing, true)
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    exchange.fail(new ConnectionError('https://west.example', 'list', { cause: refused }))
    await eventually(() => assert.equal(link.isServing, false))
  })

  it('is degraded while the publisher is silent, by the clock of the reader', async () => {
    const exchange = exchangeWithHello()
    const { link, told } = linkTo(exchange)
    await connected(link)
    told.now += 39_000
    assert.equal(link.status().state, 'connected')
    told.now += 2_000
    assert.equal(link.status().state, 'degraded')
    assert.match(link.status().reason ?? '', /its publisher has been silent since 1970-01-01T00:16:40Z/)
    exchange.lease('2020-01-01T00:00:00.000000Z')
    await connected(link)
  })

  it('takes for a renewal what it sees change, not what it finds', async () => {
    const exchange = exchangeWithHello()
    const { link, told } = linkTo(exchange)
    await connected(link)
    assert.equal(link.lastRenewal, undefined)
    told.now += 10_000
    exchange.lease('2020-01-01T00:00:00.000000Z')
    await eventually(() => assert.equal(link.lastRenewal, told.now))
  })

  it('tells which sequence it holds, and reads which one the peer holds of ours', async () => {
    const exchange = exchangeWithHello(10)
    const { link, told } = linkTo(exchange, 12)
    let version = 1_000
    const says = (text: string | undefined) =>
      exchange.set(LEASES, 'publisher', {
        metadata: {
          namespace: 'isthmus-exchange',
          name: 'publisher',
          uid: 'publisher-uid',
          resourceVersion: String(++version),
          ...(text === undefined ? {} : { annotations: { [ANNOTATION_HELD_INDEXES]: text } }),
        },
        spec: { holderIdentity: 'west', renewTime: '2026-11-22T08:00:00.000000Z' },
      })
    await eventually(() => assert.equal(link.status().state, 'refused'))
    assert.deepEqual([link.heldHere, link.heldThere], [12, undefined])
    says('{"east":900000,"south":3}')
    await eventually(() => assert.equal(link.heldThere, 900_000))
    assert.deepEqual([told.heldThere, link.refusals()], [1, []])
    says(`{"east":${Number.MAX_SAFE_INTEGER}}`)
    await eventually(() =>
      assert.deepEqual(
        link.refusals().map(({ rule }) => rule),
        ['heldIndex'],
      ),
    )
    says(undefined)
    await eventually(() => assert.equal(link.heldThere, undefined))
    assert.deepEqual([told.heldThere, link.refusals()], [3, []])
    exchange.index(13, ['demo/hello'])
    await eventually(() => assert.equal(link.heldHere, undefined))
    exchange.index(9, ['demo/hello'], 'north')
    await eventually(() => assert.equal(link.status().state, 'refused'))
    assert.equal(link.heldHere, undefined, 'what another member wrote went back for another reason')
  })

  it('counts what it refuses', async () => {
    const exchange = exchangeWithHello()
    exchange.chunk('hello', '127.0.0.1')
    const { link } = linkTo(exchange)
    await connected(link)
    link.contribution('demo/hello')
    assert.equal(link.status().refusals, 1)
  })
})
