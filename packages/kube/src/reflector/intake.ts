import type { KubernetesObject } from '@isthmus/api'
import { objectKey } from '../client/resource-path.ts'

/** How much a reflector holds at most, of a server that is not trusted. */
export interface IntakeLimits {
  readonly objects: number
  /** Of one object, as JSON. */
  readonly objectBytes: number
  /** Of one page of a list, as it comes. */
  readonly pageBytes: number
  /** Of all objects together, as JSON. */
  readonly bytes: number
}

/** The server has more than is read of it; what was known stays. */
export class IntakeLimitError extends Error {
  constructor(what: string) {
    super(`it offers ${what}: that is not read`)
    this.name = 'IntakeLimitError'
  }
}

/** Deeper than any Kubernetes object; a value that is nested without end would end the stack instead. */
const MAX_DEPTH = 40

/** Counts what a store holds, so that what is too much is refused before it is there. */
export class Intake {
  readonly #limits: IntakeLimits
  readonly #weights = new Map<string, number>()
  #bytes = 0

  constructor(limits: IntakeLimits) {
    this.#limits = limits
  }

  /** As `take`, of a list: there nothing is twice, unless the server means it to go on for ever. */
  add(object: KubernetesObject): void {
    if (this.#weights.has(objectKey(object))) throw new IntakeLimitError('an object twice in one list')
    this.take(object)
  }

  /** Throws an IntakeLimitError if there is no room for it, in the place of the one of its key. */
  take(object: KubernetesObject): void {
    const { objectBytes } = this.#limits
    const key = objectKey(object)
    const before = this.#weights.get(key)
    const weight = weigh(object, objectBytes)
    if (weight > objectBytes) throw new IntakeLimitError(`an object of more than ${objectBytes} bytes`)
    const bytes = this.#bytes - (before ?? 0) + weight
    if (bytes > this.#limits.bytes) throw new IntakeLimitError(`more than ${this.#limits.bytes} bytes`)
    if (before === undefined && this.#weights.size >= this.#limits.objects)
      throw new IntakeLimitError(`more than ${this.#limits.objects} objects`)
    this.#weights.set(key, weight)
    this.#bytes = bytes
  }

  drop(key: string): void {
    this.#bytes -= this.#weights.get(key) ?? 0
    this.#weights.delete(key)
  }
}

/** About how long a value is as JSON, without making it: a walk that ends at `most`. */
export function weigh(value: unknown, most: number): number {
  let total = 0
  const walk = (part: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) throw new IntakeLimitError(`an object that is nested more than ${MAX_DEPTH} deep`)
    if (total > most) return
    if (typeof part === 'string') total += part.length + 2
    else if (typeof part !== 'object' || part === null) total += 5
    else if (Array.isArray(part)) {
      total += 2
      for (const item of part) {
        total++
        walk(item, depth + 1)
      }
    } else {
      total += 2
      for (const key in part) {
        total += key.length + 4
        walk((part as Record<string, unknown>)[key], depth + 1)
      }
    }
  }
  walk(value, 0)
  return total
}
