import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Event, type ResourceType, SERVICE_EXPORTS } from '@isthmus/api'
import { ApiError, type ClusterClient } from '@isthmus/kube'
import { eventually } from '../testing/eventually.ts'
import { EventRecorder } from './event-recorder.ts'

const regarding = {
  type: SERVICE_EXPORTS,
  object: { metadata: { namespace: 'demo', name: 'hello', uid: 'u1' } },
}
const conflict = { type: 'Warning', reason: 'Conflict', action: 'Merge', note: 'ports differ' } as const

/** As much of an API server as events need. */
class Events {
  readonly stored = new Map<string, Event>()
  readonly requests: string[] = []
  failure: Error | undefined
  hold: Promise<void> | undefined
  readonly client = {
    create: async (_: ResourceType, event: Event) => {
      await this.#request('create')
      const name = event.metadata.name ?? ''
      if (this.stored.has(name)) throw refusal(409, 'AlreadyExists')
      this.stored.set(name, event)
      return event
    },
    patch: async (_: ResourceType, name: string, _namespace: string, patch: Partial<Event>) => {
      await this.#request(Object.keys(patch).length === 0 ? 'read' : 'patch')
      const event = this.stored.get(name)
      if (event === undefined) throw refusal(404, 'NotFound')
      this.stored.set(name, { ...event, ...patch })
      return this.stored.get(name)
    },
  } as unknown as Pick<ClusterClient, 'create' | 'patch'>

  get all(): Event[] {
    return [...this.stored.values()]
  }

  async #request(verb: string): Promise<void> {
    this.requests.push(verb)
    await this.hold
    if (this.failure !== undefined) throw this.failure
  }
}

const refusal = (code: number, reason: string) =>
  new ApiError(code, reason, { status: { apiVersion: 'v1', kind: 'Status', reason } })

function recorderOf(events: Events, now = () => Date.parse('2026-11-22T08:00:00Z')) {
  const debug: unknown[] = []
  const log = { debug: (...line: unknown[]) => void debug.push(line) } as never
  return { recorder: new EventRecorder({ client: events.client, clusterId: 'east', clock: now, log }), debug }
}

describe('the event recorder', () => {
  it('writes what events.k8s.io asks for', async () => {
    const events = new Events()
    const { recorder } = recorderOf(events)
    recorder.record(regarding, conflict)
    await recorder.idle()
    const [event] = events.all
    assert.match(event?.metadata.name ?? '', /^hello\.[0-9a-f]{16}$/)
    assert.deepEqual(event, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'demo', name: event?.metadata.name },
      eventTime: '2026-11-22T08:00:00.000000Z',
      reportingController: 'isthmus.dev/agent',
      reportingInstance: 'isthmus-east',
      action: 'Merge',
      reason: 'Conflict',
      note: 'ports differ',
      type: 'Warning',
      regarding: {
        apiVersion: 'multicluster.x-k8s.io/v1beta1',
        kind: 'ServiceExport',
        namespace: 'demo',
        name: 'hello',
        uid: 'u1',
      },
    })
  })

  it('counts the same again in a series, and another note as another event', async () => {
    const events = new Events()
    const { recorder } = recorderOf(events)
    for (let n = 0; n < 3; n++) recorder.record(regarding, conflict)
    recorder.record(regarding, { ...conflict, note: 'types differ' })
    await recorder.idle()
    assert.deepEqual(
      events.all.map(({ note, series }) => [note, series?.count]),
      [
        ['ports differ', 3],
        ['types differ', undefined],
      ],
    )
    assert.equal(events.all[0]?.series?.lastObservedTime, '2026-11-22T08:00:00.000000Z')
  })

  it('goes on counting after a restart', async () => {
    const events = new Events()
    for (let n = 0; n < 3; n++) {
      const { recorder } = recorderOf(events)
      recorder.record(regarding, conflict)
      await recorder.idle()
    }
    assert.deepEqual(
      events.all.map(({ series }) => series?.count),
      [3],
    )
  })

  it('does not write again what is told once, also after a restart', async () => {
    const events = new Events()
    for (let n = 0; n < 2; n++) {
      const { recorder } = recorderOf(events)
      recorder.record(regarding, conflict, { once: true })
      recorder.record(regarding, conflict, { once: true })
      await recorder.idle()
    }
    assert.deepEqual(events.requests, ['create', 'create'])
    assert.equal(events.all[0]?.series, undefined)
  })

  it('makes an event anew that Kubernetes has forgotten', async () => {
    const events = new Events()
    const { recorder } = recorderOf(events)
    recorder.record(regarding, conflict)
    await recorder.idle()
    events.stored.clear()
    recorder.record(regarding, conflict)
    await recorder.idle()
    assert.equal(events.all.length, 1)
  })

  it('loses what cannot be written, and says so at debug level alone', async () => {
    const events = new Events()
    const { recorder, debug } = recorderOf(events)
    events.failure = refusal(403, 'Forbidden')
    recorder.record(regarding, conflict)
    await recorder.idle()
    assert.equal(debug.length, 1)
    events.failure = undefined
    recorder.record(regarding, conflict)
    await recorder.idle()
    assert.equal(events.all.length, 1)
  })

  it('lets one object tell 25 times, then one in five minutes, and others as they will', async () => {
    const events = new Events()
    let now = 0
    const { recorder } = recorderOf(events, () => now)
    for (let n = 0; n < 100; n++) recorder.record(regarding, { ...conflict, note: `${n}` })
    recorder.record(
      { ...regarding, object: { metadata: { namespace: 'demo', name: 'other', uid: 'u2' } } },
      conflict,
    )
    await recorder.idle()
    assert.equal(events.all.length, 26)
    now += 5 * 60_000
    for (let n = 100; n < 200; n++) recorder.record(regarding, { ...conflict, note: `${n}` })
    await recorder.idle()
    assert.equal(events.all.length, 27)
  })

  it('keeps a bounded number waiting while the server is slow', async () => {
    const events = new Events()
    const { recorder, debug } = recorderOf(events)
    const { promise, resolve } = Promise.withResolvers<void>()
    events.hold = promise
    for (let n = 0; n < 1500; n++) {
      recorder.record(
        { ...regarding, object: { metadata: { namespace: 'demo', name: 'hello', uid: `${n}` } } },
        conflict,
      )
    }
    assert.equal(debug.length, 500 - 1)
    resolve()
    await recorder.idle()
    assert.equal(events.all.length, 1001)
  })

  it('drops what waits when it stops', async () => {
    const events = new Events()
    const { recorder } = recorderOf(events)
    const { promise, resolve } = Promise.withResolvers<void>()
    events.hold = promise
    for (let n = 0; n < 10; n++) recorder.record(regarding, { ...conflict, note: `${n}` })
    await eventually(() => assert.equal(events.requests.length, 1))
    const stopped = recorder.stop()
    resolve()
    await stopped
    recorder.record(regarding, conflict)
    await recorder.idle()
    assert.equal(events.requests.length, 1)
  })

  it('cuts notes to what the API takes, between characters', async () => {
    const events = new Events()
    const { recorder } = recorderOf(events)
    recorder.record(regarding, { ...conflict, note: 'ü'.repeat(1000) })
    await recorder.idle()
    const note = events.all[0]?.note ?? ''
    assert.ok(Buffer.byteLength(note) <= 1024)
    assert.match(note, /^ü+…$/)
  })
})
