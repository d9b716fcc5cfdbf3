/**
 * Endpoints by the hundred thousand name the same few zones and nodes, and are nearly all in the same condition; JSON
 * makes each of these anew. What caches hold is never changed in place, so that it can be one and the same.
 */
import type { Endpoint } from '@isthmus/api'

/** Nodes and zones of large clusters; whoever has more does without for those that come later. */
const MAX_TEXTS = 20_000
const MAX_LENGTH = 253

const texts = new Map<string, string>()

/** A text that is equal, and the same for all that are equal. What is no text is what it was. */
export function shared<T>(text: T): T {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return text
  const known = texts.get(text)
  if (known !== undefined) return known as T
  if (texts.size < MAX_TEXTS) texts.set(text, text)
  return text
}

type Conditions = NonNullable<Endpoint['conditions']>

const conditions = new Map<string, Conditions>()

/** Three conditions of three states each: there are not many. */
export function sharedConditions(given: Endpoint['conditions']): Endpoint['conditions'] {
  if (given === undefined) return undefined
  const { ready, serving, terminating, ...others } = given
  if (Object.keys(others).length > 0) return given
  const key = `${ready} ${serving} ${terminating}`
  const known = conditions.get(key)
  if (known === undefined) conditions.set(key, Object.freeze(given))
  return known ?? given
}
