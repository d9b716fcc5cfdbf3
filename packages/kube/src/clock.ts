import { setTimeout as sleep } from 'node:timers/promises'

/** Time, so that tests can have their own. */
export interface Clock {
  /** Milliseconds of the wall clock: to show and to write down. */
  now(): number
  /** Milliseconds that never go back, from any start: to measure with. */
  elapsed(): number
  /** Rejects with an AbortError when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}
