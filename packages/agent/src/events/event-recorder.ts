import { EVENTS, type Event } from '@isthmus/api'
import { type ClusterClient, isAlreadyExists, isNotFound } from '@isthmus/kube'
import type { Logger } from 'pino'
import { microTime } from '../timestamps.ts'
import { type EventContent, newEvent, type Regarding } from './event.ts'
import { SpamFilter } from './spam-filter.ts'

export interface EventRecorderOptions {
  readonly client: Pick<ClusterClient, 'create' | 'patch'>
  readonly clusterId: string
  readonly clock: () => number
  readonly log: Pick<Logger, 'debug'>
}

export interface RecordOptions {
  /**
   * It tells of something that lasts, which another process may have told of before: written if there is no
   * such Event yet, and not counted again.
   */
  readonly once?: boolean
}

/** What tells people of what happened. */
export interface Recorder {
  record(regarding: Regarding, content: EventContent, options?: RecordOptions): void
}

/** More than so many cannot wait: events are the first thing to go when the API server is slow. */
const MAX_WAITING = 1000
/** Events whose number of occurrences is known. */
const MAX_KNOWN = 4096

/**
 * Writes Events, one after the other, behind the back of whoever records them. What happens again becomes a
 * series of the Event that is there. An Event that cannot be written is lost: nothing depends on it.
 */
export class EventRecorder implements Recorder {
  readonly #options: EventRecorderOptions
  readonly #filter = new SpamFilter()
  readonly #counts = new Map<string, number>()
  readonly #waiting: { event: Event; once: boolean }[] = []
  readonly #stopping = new AbortController()
  #writing: Promise<void> | undefined

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  record(regarding: Regarding, content: EventContent, { once = false }: RecordOptions = {}): void {
    if (this.#stopping.signal.aborted) return
    const { clusterId, clock, log } = this.#options
    const event = newEvent(regarding, content, `isthmus-${clusterId}`, clock())
    if (once && this.#counts.has(keyOf(event))) return
    const object = `${regarding.type.plural}/${regarding.object.metadata.uid ?? regarding.object.metadata.name}`
    if (this.#waiting.length >= MAX_WAITING || !this.#filter.allows(object, clock())) {
      log.debug({ object, reason: content.reason, note: content.note }, 'an event was left out: too many')
      return
    }
    this.#waiting.push({ event, once })
    this.#writing ??= this.#write()
  }

  /** All that was recorded is written, or lost. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  /** Drops what waits, and ends what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#waiting.length = 0
    await this.idle()
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { event, once } = next
      try {
        await this.#store(event, once)
      } catch (error) {
        this.#options.log.debug(
          { err: error, reason: event.reason, note: event.note },
          'an event was not written',
        )
      }
    }
    this.#writing = undefined
  }

  async #store(event: Event, once: boolean): Promise<void> {
    const key = keyOf(event)
    const count = this.#counts.get(key)
    // Kubernetes forgets Events after an hour: one that was there may have to be made again.
    const written =
      count === undefined
        ? ((await this.#create(event)) ?? (once ? 1 : await this.#countUp(event, await this.#countOf(event))))
        : once
          ? count
          : ((await this.#countUp(event, count).catch(ignoreNotFound)) ?? (await this.#create(event)))
    if (written !== undefined) this.#remember(key, written)
  }

  /** Undefined where it is there already. */
  async #create(event: Event): Promise<number | undefined> {
    try {
      await this.#options.client.create(EVENTS, event, { signal: this.#stopping.signal })
      return 1
    } catch (error) {
      if (isAlreadyExists(error)) return undefined
      throw error
    }
  }

  /** An empty patch changes nothing and answers the object: the agent may not get Events. */
  async #countOf(event: Event): Promise<number> {
    const { series } = await this.#patch(event, {})
    return series?.count ?? 1
  }

  async #countUp(event: Event, count: number): Promise<number> {
    const lastObservedTime = microTime(this.#options.clock())
    await this.#patch(event, { series: { count: count + 1, lastObservedTime } })
    return count + 1
  }

  #patch({ metadata: { name = '', namespace } }: Event, patch: object): Promise<Event> {
    return this.#options.client.patch(EVENTS, name, namespace, patch, { signal: this.#stopping.signal })
  }

  #remember(key: string, count: number): void {
    this.#counts.delete(key)
    this.#counts.set(key, count)
    if (this.#counts.size > MAX_KNOWN) this.#counts.delete(this.#counts.keys().next().value as string)
  }
}

function keyOf({ metadata }: Event): string {
  return `${metadata.namespace}/${metadata.name}`
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
