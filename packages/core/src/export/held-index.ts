/**
 * An index below what its readers have seen is held by them, and its publisher may not know: its clock had been ahead, its
 * store was restored, it was started again. So readers say what they hold, and since which sequence. What they say
 * is read from a peer, which may lie: it can make the publisher write the same once more, now and then, and nothing else.
 */
import { isDNSLabel } from '../check/formats.ts'

/** What one peer says of the index of this member. */
export interface HeldClaim {
  /** The peer. */
  readonly clusterId: string
  /** The highest that it has seen. */
  readonly sequence: number
}

export interface HeldInput {
  readonly claims: readonly HeldClaim[]
  /** The highest sequence that is stored, or known here to have been. */
  readonly known: number
  /** Clock, milliseconds since the epoch. */
  readonly now: number
  /** How long ago the index was written anew for that peer's sake, milliseconds; undefined if it never was. */
  readonly heededAgo: (clusterId: string) => number | undefined
}

export interface HeldVerdict {
  /** The index has to be above that one. */
  readonly above: number
  /** Peers for whose sake. */
  readonly heeded: readonly string[]
  /** After which time to decide again: somebody was heeded a moment ago. Milliseconds. */
  readonly againInMs: number | undefined
}

/** No clock is ahead by more that anybody could mean to keep: a lie cannot use up the numbers. A year. */
const CREDIBLE_AHEAD_MS = 366 * 24 * 3_600_000
/** Each peer is heeded so often at most: an honest one has no second reason so soon. */
export const HEED_EVERY_MS = 30_000
/** As many members as a ClusterSet can have. */
const MAX_HELD = 500
const MAX_TEXT = 64 << 10

/** How high the publisher has to write, as peers say that they hold what it wrote. */
export function heedHeld({ claims, known, now, heededAgo }: HeldInput): HeldVerdict {
  const open = claims.filter(({ sequence }) => sequence > known && isCredibleClaim(sequence, now))
  const waits = open.map(({ clusterId }) => HEED_EVERY_MS - (heededAgo(clusterId) ?? HEED_EVERY_MS))
  // One who is due brings all others along: what is written is above each of them.
  if (waits.some(wait => wait <= 0))
    return {
      above: Math.max(...open.map(({ sequence }) => sequence)),
      heeded: open.map(({ clusterId }) => clusterId),
      againInMs: undefined,
    }
  return { above: 0, heeded: [], againInMs: waits.length === 0 ? undefined : Math.min(...waits) }
}

/** Whether a publisher can have written that sequence, its clock being what it may have been. */
export function isCredibleClaim(sequence: number, now: number): boolean {
  return Number.isSafeInteger(sequence) && sequence > 0 && sequence <= now + CREDIBLE_AHEAD_MS
}

/** As it is published; undefined where nothing is held. */
export function heldIndexesText(held: ReadonlyMap<string, number>): string | undefined {
  if (held.size === 0) return undefined
  const entries = [...held].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MAX_HELD)
  return JSON.stringify(Object.fromEntries(entries))
}

/** What a peer says that it has seen of that member's index; undefined where it says nothing that can be meant. */
export function heldSequenceIn(text: unknown, clusterId: string): number | undefined {
  if (typeof text !== 'string' || text.length > MAX_TEXT || !isDNSLabel(clusterId)) return undefined
  const held = parsed(text)
  if (typeof held !== 'object' || held === null || !Object.hasOwn(held, clusterId)) return undefined
  const sequence: unknown = (held as Record<string, unknown>)[clusterId]
  return Number.isSafeInteger(sequence) ? (sequence as number) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
