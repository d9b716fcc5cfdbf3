import { setTimeout as sleep } from 'node:timers/promises'

/** Time, so that tests can have their own. */
export interface Clock {
  /** Milliseconds of the wall clock. */
  now(): number
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}
