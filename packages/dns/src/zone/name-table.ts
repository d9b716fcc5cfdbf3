import { randomInt } from 'node:crypto'
import { fold } from '../message/protocol.ts'

interface Slot<T> {
  readonly name: Buffer
  value: T
  next: Slot<T> | undefined
}

/** Of the bytes from `start` to `end`; the same for both cases of a letter. */
export type NameHash = (bytes: Buffer, start: number, end: number) => number

/**
 * A table whose keys are names in wire form, relative to the zone, looked up in the bytes of a message
 * without making a string of them and without regard to case. The hash is seeded, so that names that
 * collide are not simply made up.
 */
export class NameTable<T> {
  readonly #hash: NameHash
  readonly #slots = new Map<number, Slot<T>>()
  size = 0

  constructor(hash: NameHash = seededHash()) {
    this.#hash = hash
  }

  /** `name` is in lower case and not changed any more. */
  set(name: Buffer, value: T): void {
    const hash = this.#hash(name, 0, name.length)
    const first = this.#slots.get(hash)
    const slot = find(first, name, 0, name.length)
    if (slot) {
      slot.value = value
    } else {
      this.#slots.set(hash, { name, value, next: first })
      this.size++
    }
  }

  delete(name: Buffer): void {
    const hash = this.#hash(name, 0, name.length)
    const first = this.#slots.get(hash)
    const slot = find(first, name, 0, name.length)
    if (!first || !slot) return
    this.size--
    if (slot === first) {
      if (first.next) this.#slots.set(hash, first.next)
      else this.#slots.delete(hash)
      return
    }
    let before = first
    while (before.next !== slot && before.next) before = before.next
    before.next = slot.next
  }

  /** What is kept for the labels from `start` to `end` of a message. */
  get(message: Buffer, start: number, end: number): T | undefined {
    return find(this.#slots.get(this.#hash(message, start, end)), message, start, end)?.value
  }
}

function find<T>(first: Slot<T> | undefined, bytes: Buffer, start: number, end: number): Slot<T> | undefined {
  for (let slot = first; slot; slot = slot.next) {
    if (isSame(slot.name, bytes, start, end)) return slot
  }
  return undefined
}

function isSame(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let at = 0; at < name.length; at++) {
    if (name[at] !== fold(bytes[start + at] as number)) return false
  }
  return true
}

/** FNV-1a over the folded bytes. Lengths of labels are below the letters, so folding leaves them alone. */
export function seededHash(): NameHash {
  const seed = randomInt(2 ** 32) | 0
  return (bytes, start, end) => {
    let hash = seed
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ fold(bytes[at] as number), 0x01000193)
    return hash
  }
}
