import type { EventContent, Regarding } from './event.ts'
import type { Recorder } from './event-recorder.ts'

/**
 * Tells of states that last and that no status keeps: when one begins or becomes another, not every time it
 * is looked at. What this process finds at its first look may have been told by the one before.
 */
export class StandingNotes {
  readonly #recorder: Recorder
  /** By key, then by what of it is looked at. */
  readonly #notes = new Map<string, Map<string, string>>()

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** `content`: undefined while there is nothing to tell. */
  look(key: string, aspect: string, regarding: Regarding, content: EventContent | undefined): void {
    const notes = this.#notes.get(key) ?? new Map<string, string>()
    const before = notes.get(aspect)
    const note = content?.note ?? ''
    if (before === note) return
    this.#notes.set(key, notes.set(aspect, note))
    if (content !== undefined) this.#recorder.record(regarding, content, { once: before === undefined })
  }

  /** Keys come from elsewhere, and must not be kept for ever. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#notes.keys()) if (!keys.has(key)) this.#notes.delete(key)
  }

  forget(key: string): void {
    this.#notes.delete(key)
  }
}
