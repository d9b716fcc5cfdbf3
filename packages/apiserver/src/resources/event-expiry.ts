/** Events are news: an hour after they were written last they go, as kube-apiserver's `--event-ttl` has it. */
import type { LocalApi } from '../rest/local-api.ts'
import type { CoreEvent } from './event.ts'

const EVENTS = { group: '', plural: 'events' }
const TIME_TO_LIVE_MS = 60 * 60 * 1000
const INTERVAL_MS = 60 * 1000

/** Looks for old events every minute until the answer is called. */
export function startEventExpiry(api: LocalApi, now: () => Date): () => void {
  const timer = setInterval(() => expireEvents(api, now()), INTERVAL_MS).unref()
  return () => clearInterval(timer)
}

export function expireEvents(api: LocalApi, now: Date): void {
  for (const event of api.list(EVENTS) as readonly CoreEvent[]) {
    const { metadata, lastTimestamp, series } = event
    const times = [metadata.creationTimestamp, lastTimestamp, series?.lastObservedTime]
    const latest = Math.max(...times.map(time => (time ? Date.parse(time) : 0)))
    if (now.getTime() - latest < TIME_TO_LIVE_MS) continue
    api.delete(EVENTS, metadata.namespace, metadata.name, { preconditions: { uid: metadata.uid } })
  }
}
