import { READER_SLOTS } from '@isthmus/api'

/**
 * The lowest number from 1 that is not taken. Two that look for a slot for the same reader find the same one,
 * so that only one of them can make it.
 * @returns undefined when all are taken.
 */
export function freeSlot(taken: ReadonlySet<number>): number | undefined {
  for (let slot = 1; slot <= READER_SLOTS; slot++) if (!taken.has(slot)) return slot
  return undefined
}

/** The number in the name of a reader's account; undefined where it is none. */
export function slotOf(name: unknown): number | undefined {
  const digits = typeof name === 'string' ? /^reader-([1-9][0-9]{0,2})$/.exec(name)?.[1] : undefined
  const slot = Number(digits)
  return digits !== undefined && slot <= READER_SLOTS ? slot : undefined
}
