import type { ExportIndex } from '@isthmus/api'
import { MAX_SERVICES } from '../member/contribution.ts'

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
  const services = withinBounds([...wanted].filter(key => published.has(key) || named.has(key)).sort(), named)
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

/** Who reads more than so many names reads none: what is too much is left out, and never what was named before. */
function withinBounds(services: string[], named: ReadonlySet<string>): string[] {
  if (services.length <= MAX_SERVICES) return services
  const kept = services.filter(key => named.has(key))
  const added = services.filter(key => !named.has(key)).slice(0, Math.max(0, MAX_SERVICES - kept.length))
  return [...kept, ...added].slice(0, MAX_SERVICES).sort()
}

/** Why a record that is stored is not named by the index, if that is as it stays. */
export function whyNotNamed(index: ExportIndex | undefined): string | undefined {
  return index !== undefined && index.spec.services.length >= MAX_SERVICES
    ? `the index names ${MAX_SERVICES} services, and may not name more`
    : undefined
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
