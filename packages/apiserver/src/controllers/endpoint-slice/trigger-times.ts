import type { Service } from '../../resources/service-spec.ts'
import { type Pod, readyCondition } from '../pod.ts'

export const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time'

interface Seen {
  readonly service: string
  readonly pods: ReadonlyMap<string, string>
}

/** Finds out what a change of endpoints comes from: clients measure from that time how long it took. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>()

  /** The earliest time at which the Service or one of its pods changed since the last call; undefined if none did. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key)
    const now: Seen = {
      service: service.metadata.creationTimestamp,
      pods: new Map(pods.map(pod => [pod.metadata.uid, readyCondition(pod)?.lastTransitionTime ?? ''])),
    }
    this.#seen.set(key, now)
    const changed = [...now.pods]
      .filter(([uid, time]) => before?.pods.get(uid) !== time)
      .map(([, time]) => time)
    if (before?.service !== now.service) changed.push(now.service)
    return changed.filter(time => time !== '').sort()[0]
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}
