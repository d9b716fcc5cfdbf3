import type { ZoneName, ZoneRecord } from '@isthmus/core'
import { type PreparationContext, type PreparedAnswer, prepareAnswer } from '../message/prepared-answer.ts'

/** A name of the zone, with the answers that were asked for since it last changed. */
export class ZoneEntry {
  readonly #name: ZoneName
  readonly #context: PreparationContext
  readonly #answers = new Map<ZoneRecord['type'], PreparedAnswer | undefined>()

  constructor(name: ZoneName, context: PreparationContext) {
    this.#name = name
    this.#context = context
  }

  /** Undefined if the name has no records of this type. */
  answer(type: ZoneRecord['type']): PreparedAnswer | undefined {
    const known = this.#answers.get(type)
    if (known || this.#answers.has(type)) return known
    const prepared = prepareAnswer(this.#name, type, this.#context)
    this.#answers.set(type, prepared)
    return prepared
  }
}
