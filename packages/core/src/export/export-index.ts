import type { ExportIndex } from '@isthmus/api'

export interface IndexInput {
  readonly clusterId: string
  /** The index as it is stored now. */
  readonly stored: ExportIndex | undefined
  /** Keys of all valid exports. */
  readonly wanted: ReadonlySet<string>
  /** Keys whose record is stored whole: only these may be named. */
  readonly published: ReadonlySet<string>
  /** The highest sequence that this process wrote. */
  readonly highestWritten: number
  /** Clock, milliseconds. */
  readonly now: number
}

/**
 * The index to write, or undefined when the stored one is right.
 * A wanted service that was named before stays named while its record is being rewritten: leaving it out,
 * even for a moment, would be a withdrawal.
 */
export function nextIndex(input: IndexInput): ExportIndex['spec'] | undefined {
  const { stored, wanted, published, highestWritten, clusterId, now } = input
  const named = new Set(stored?.spec.services)
  const services = [...wanted].filter(key => published.has(key) || named.has(key)).sort()
  const sequence = stored?.spec.sequence ?? 0
  const right =
    stored !== undefined &&
    sequence >= highestWritten &&
    stored.spec.clusterId === clusterId &&
    sameList(stored.spec.services, services)
  if (right) return undefined
  // Grows past a restored store as well: an index that went back is rewritten above all that readers saw.
  return { sequence: Math.max(sequence + 1, highestWritten + 1, now), clusterId, services }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
