import { ConnectionError, type Reflector } from '@isthmus/kube'
import type { Logger } from 'pino'
import { time } from '../timestamps.ts'

const TELL_AFTER_MS = 1_000

/** What is looked at of a reflector. */
type Followed = Pick<Reflector<never>, 'synced' | 'subscribeState'>

interface Failure {
  readonly since: number
  readonly why: string
}

/** Which kinds of the own cluster cannot be followed now, since when and why: what is known of them may be old. */
export class WatchFailures {
  readonly #failures = new Map<string, Failure>()
  readonly #clock: () => number
  readonly #log: Pick<Logger, 'info' | 'warn'>
  #telling: NodeJS.Timeout | undefined
  #told = ''

  /** `clock`: milliseconds since the epoch. */
  constructor(clock: () => number, log: Pick<Logger, 'info' | 'warn'>) {
    this.#clock = clock
    this.#log = log
  }

  follow(what: string, reflector: Followed): void {
    reflector.subscribeState(({ error }) => {
      // What has never been listed is told of as such.
      if (error === undefined || !reflector.synced) {
        if (this.#failures.delete(what)) this.#tellSoon()
        return
      }
      const since = this.#failures.get(what)?.since ?? this.#clock()
      this.#failures.set(what, { since, why: error instanceof ConnectionError ? error.words : error.message })
      this.#tellSoon()
    })
  }

  stop(): void {
    clearTimeout(this.#telling)
    this.#telling = undefined
  }

  /** A line for each reason, with all kinds that it holds for. */
  lines(): string[] {
    return [...Map.groupBy(this.#failures, ([, { why }]) => why)].map(([why, failures]) => {
      const kinds = failures.map(([what]) => what).join(', ')
      const since = Math.min(...failures.map(([, failure]) => failure.since))
      return `${kinds} cannot be followed since ${time(since)}: ${why}`
    })
  }

  /** An API server that goes away is noticed by one watch after the other: that is told of once. */
  #tellSoon(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      const lines = this.lines()
      const now = lines.join('; ')
      if (now === this.#told) return
      if (now === '') this.#log.info('own cluster: followed again')
      else this.#log.warn({ why: now }, 'own cluster: what is known stays in force')
      this.#told = now
    }, TELL_AFTER_MS)
  }
}
