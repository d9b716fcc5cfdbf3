import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { ANNOTATION_HELD_INDEXES, type Lease, type ResourceType } from '@isthmus/api'
import { ApiError, type ClusterClient, type WriteOptions } from '@isthmus/kube'
import { eventually } from '../testing/eventually.ts'
import { HEARTBEAT_MS, Heartbeat } from './heartbeat.ts'

function heartbeatOf(answer: (verb: string, options: WriteOptions | undefined) => Promise<void> | void) {
  const requests: { verb: string; spec: Lease['spec']; held: unknown }[] = []
  const warnings: unknown[] = []
  const held = new Map<string, number>()
  const request = async (verb: string, { metadata, spec }: Lease, options: WriteOptions | undefined) => {
    requests.push({ verb, spec, held: metadata.annotations?.[ANNOTATION_HELD_INDEXES] })
    await answer(verb, options)
  }
  const client = {
    patch: (_: ResourceType, _name: string, _namespace: string, patch: Lease, options?: WriteOptions) =>
      request('patch', patch, options),
    create: (_: ResourceType, lease: Lease, options?: WriteOptions) => request('create', lease, options),
  } as unknown as ClusterClient
  const heartbeat = new Heartbeat({
    client,
    namespace: 'isthmus-exchange',
    clusterId: 'east',
    held: () => held,
    clock: () => Date.parse('2026-11-22T08:00:00.5Z'),
    onError: error => void warnings.push(error),
  })
  return { heartbeat, requests, warnings, held }
}

describe('the silence of a publisher', () => {
  const silence = (get: () => Promise<object>) =>
    new Heartbeat({
      client: { get } as unknown as ClusterClient,
      namespace: 'isthmus-exchange',
      clusterId: 'east',
      held: () => new Map(),
      clock: () => Date.parse('2026-11-22T08:00:00Z'),
      onError: () => {},
    }).silence()

  it('is counted from the Lease as it is stored', async () => {
    assert.equal(await silence(async () => ({ spec: { renewTime: '2026-11-22T07:59:30.000000Z' } })), 30_000)
  })

  it('has no end without a Lease, and no length without a time', async () => {
    const missing = silence(() => Promise.reject(new ApiError(404, 'not found')))
    assert.equal(await missing, Number.POSITIVE_INFINITY)
    assert.equal(await silence(async () => ({})), Number.NaN)
  })
})

const verbs = (requests: { verb: string }[]) => requests.map(({ verb }) => verb).join(' ')

describe('the heartbeat', () => {
  it('renews the Lease, and makes it where there is none', async () => {
    let isThere = false
    const { heartbeat, requests } = heartbeatOf(verb => {
      if (verb === 'patch' && !isThere) throw new ApiError(404, 'not found')
      isThere = true
    })
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      heartbeat.start()
      await eventually(() => assert.equal(verbs(requests), 'patch create'))
      assert.deepEqual(requests[1]?.spec, {
        holderIdentity: 'east',
        leaseDurationSeconds: 40,
        renewTime: '2026-11-22T08:00:00.500000Z',
      })
      mock.timers.tick(HEARTBEAT_MS)
      await eventually(() => assert.equal(verbs(requests), 'patch create patch'))
      await heartbeat.stop()
      mock.timers.tick(HEARTBEAT_MS * 3)
      assert.equal(requests.length, 3)
    } finally {
      mock.timers.reset()
    }
  })

  it('says that it failed, and tries again at the next beat', async () => {
    const { heartbeat, requests, warnings } = heartbeatOf(() => {
      throw new ApiError(500, 'no')
    })
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      heartbeat.start()
      await eventually(() => assert.equal(warnings.length, 1))
      mock.timers.tick(HEARTBEAT_MS)
      await eventually(() => assert.equal(warnings.length, 2))
      assert.equal(verbs(requests), 'patch patch')
      await heartbeat.stop()
    } finally {
      mock.timers.reset()
    }
  })

  it('does not pile up beats, nor hold up the end, while the server does not answer', async () => {
    const { heartbeat, requests, warnings } = heartbeatOf(
      (_, options) =>
        new Promise((_, reject) =>
          options?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    )
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      heartbeat.start()
      mock.timers.tick(HEARTBEAT_MS)
      mock.timers.tick(HEARTBEAT_MS)
      assert.equal(requests.length, 1)
      await heartbeat.stop()
      assert.deepEqual(warnings, [])
    } finally {
      mock.timers.reset()
    }
  })

  it('tells which indexes are held: at once when that changes, but once between two beats', async () => {
    const { heartbeat, requests, held } = heartbeatOf(() => {})
    const told = () => requests.map(request => request.held)
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      heartbeat.start()
      await eventually(() => assert.deepEqual(told(), [null]))
      heartbeat.heldChanged()
      held.set('west', 12)
      await eventually(() => {
        heartbeat.heldChanged()
        assert.deepEqual(told(), [null, '{"west":12}'])
      })
      for (let i = 13; i < 20; i++) {
        held.set('west', i)
        heartbeat.heldChanged()
      }
      held.set('north', 7)
      mock.timers.tick(HEARTBEAT_MS)
      await eventually(() => assert.deepEqual(told().slice(2), ['{"north":7,"west":19}']))
      held.clear()
      await eventually(() => {
        heartbeat.heldChanged()
        assert.deepEqual(told().slice(3), [null])
      })
    } finally {
      await heartbeat.stop()
      mock.timers.reset()
    }
  })
})
