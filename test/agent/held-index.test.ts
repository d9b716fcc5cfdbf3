/** An index that its readers hold, as they have seen a higher one: they say so, and its publisher writes above it. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import {
  ANNOTATION_HELD_INDEXES,
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  type ExportIndex,
  LEASES,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const DAY = 24 * 3_600_000

describe('an index that is held', () => {
  let set: TestClusterSet
  const start = async (...ids: string[]) => {
    set = await TestClusterSet.start(ids)
    await set.namespace('demo', ...ids)
    await set.export('east', 'demo', 'hello', ['10.1.0.1'])
    for (const id of ids)
      await until(`imported in ${id}`, async () => (await set.reached(id, 'demo', 'hello')).length === 1)
  }
  afterEach(() => set.stop())

  const index = () => set.member('east').client.get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
  const link = (id: string) =>
    set
      .member(id)
      .agent?.status()
      .links.find(({ clusterId }) => clusterId === 'east')
  const patchLease = (id: string, patch: object) =>
    set.member(id).client.patch(LEASES, 'publisher', EXCHANGE_NAMESPACE, patch)

  it('goes above what they have seen, when the clock had been ahead, the store went back, and the agent started again', async () => {
    await start('east', 'west', 'north')
    const { server } = set.member('east')
    const older = server.faults.snapshot()
    await set.stopAgent('east')
    await set.startAgent('east', { clock: () => Date.now() + DAY })
    await set.export('east', 'demo', 'passing', ['10.1.0.1'])
    for (const id of ['west', 'north'])
      await until('passing is imported', async () => (await set.reached(id, 'demo', 'passing')).length === 1)
    const ahead = link('west')?.sequence ?? 0
    assert.ok(ahead > Date.now() + DAY / 2)
    await set.stopAgent('east')
    // Nobody restores an API server that runs: connections break, and are refused for a while.
    const down = server.faults.add({ effect: effects.disconnect() })
    server.faults.restore(older)
    await until('who watched has noticed', () => down.count > 8)
    down.remove()
    // As of a publisher that was heard of a moment ago: nothing here says that all this is older than what peers saw.
    await patchLease('east', { spec: { renewTime: new Date().toISOString().replace('Z', '000Z') } })
    await set.startAgent('east')
    for (const id of ['west', 'north']) {
      await until('it is read again', () => link(id)?.state === 'connected' && link(id)?.sequence !== ahead)
      await until('passing is withdrawn', async () => (await set.reached(id, 'demo', 'passing')).length === 0)
      assert.deepEqual(await set.reached(id, 'demo', 'hello'), ['east: 10.1.0.1'])
    }
    const { spec } = await index()
    assert.deepEqual([spec.sequence, spec.services], [ahead + 1, ['demo/hello']], 'written once for that')
  })

  it('is written once in an interval, and with nothing else in it, when a peer lies', async () => {
    await start('east', 'west', 'mallory')
    await set.stopAgent('mallory')
    const before = await index()
    const sequences: number[] = []
    set.member('east').server.local.watch(EXPORT_INDEXES, ({ object }) => {
      const { sequence } = (object as unknown as ExportIndex).spec
      if (sequence !== before.spec.sequence) sequences.push(sequence)
    })
    const lie = (sequence: number) =>
      patchLease('mallory', {
        metadata: { annotations: { [ANNOTATION_HELD_INDEXES]: `{"east":${sequence}}` } },
      })
    for (const sequence of [Number.MAX_SAFE_INTEGER, 2 ** 62, -1, Date.now() + 400 * DAY]) await lie(sequence)
    const told = await until('what cannot be is told', () =>
      set
        .member('east')
        .agent?.status()
        .refusals.find(({ rule }) => rule === 'heldIndex'),
    )
    assert.deepEqual(told, { clusterId: 'mallory', rule: 'heldIndex', count: 1 })
    assert.deepEqual(sequences, [])
    const claimed = Date.now() + DAY
    for (let i = 0; i < 20; i++) await lie(claimed + i * 1_000)
    await until('it is written', () => sequences.length > 0)
    for (let i = 20; i < 40; i++) await lie(claimed + i * 1_000)
    await set.member('east').agent?.idle()
    // What users change goes out all the same.
    const { client } = set.member('east')
    const slice = await client.get(ENDPOINT_SLICES, 'hello-1', 'demo')
    await client.update(ENDPOINT_SLICES, { ...slice, endpoints: [{ addresses: ['10.1.0.9'] }] })
    await until(
      'it is followed',
      async () => (await set.reached('west', 'demo', 'hello'))[0] === 'east: 10.1.0.9',
    )
    assert.equal(sequences.length, 1)
    assert.ok((sequences[0] ?? 0) <= claimed + 20_000)
    assert.deepEqual((await index()).spec.services, before.spec.services)
  })
})
