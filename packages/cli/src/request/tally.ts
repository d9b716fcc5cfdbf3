import type { Outcome } from './attempt.ts'

/** What many requests tell together; also the shape of `-o json`. */
export interface Tally {
  readonly requests: number
  readonly answered: number
  readonly failed: number
  /** Where the name led to. */
  readonly addresses: readonly string[]
  readonly clusters: Readonly<Record<string, number>>
  /** Most answers first. */
  readonly pods: readonly { readonly cluster: string; readonly pod: string; readonly answers: number }[]
  /** By kind. */
  readonly errors: Readonly<Record<string, number>>
  /** Of those that were answered, in milliseconds; null when none was. */
  readonly latencyMs: {
    readonly p50: number | null
    readonly p99: number | null
    readonly max: number | null
  }
}

/** For answers that do not say who gave them. */
const UNNAMED = '-'

export function tally(outcomes: readonly Outcome[]): Tally {
  const answered = outcomes.filter(({ error }) => error === undefined)
  const pods = new Map<string, { cluster: string; pod: string; answers: number }>()
  for (const { cluster = UNNAMED, pod = UNNAMED } of answered) {
    const key = `${cluster}/${pod}`
    const row = pods.get(key) ?? { cluster, pod, answers: 0 }
    row.answers++
    pods.set(key, row)
  }
  const times = answered.map(({ ms }) => ms).sort((a, b) => a - b)
  return {
    requests: outcomes.length,
    answered: answered.length,
    failed: outcomes.length - answered.length,
    addresses: [...new Set(outcomes.flatMap(({ address }) => address ?? []))].sort(),
    clusters: count(answered.map(({ cluster = UNNAMED }) => cluster)),
    pods: [...pods.values()].sort(
      (a, b) => a.cluster.localeCompare(b.cluster) || b.answers - a.answers || a.pod.localeCompare(b.pod),
    ),
    errors: count(outcomes.flatMap(({ error }) => error ?? [])),
    latencyMs: { p50: percentile(times, 50), p99: percentile(times, 99), max: percentile(times, 100) },
  }
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Nearest rank: a time that was measured, rounded to microseconds. */
function percentile(sorted: readonly number[], percent: number): number | null {
  const time = sorted[Math.ceil((sorted.length * percent) / 100) - 1]
  return time === undefined ? null : Math.round(time * 1000) / 1000
}
