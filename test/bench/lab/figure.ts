import type { ClusterSource } from './clusters.ts'

export interface Row {
  readonly figure: string
  /** What was measured, in words: `p50 of 1,000 changes`. */
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 's' | '/s' | 'KB' | 'MB' | 'writes' | '% of a core' | 'x' | 'r²'
  /** What it is compared with in the same run, in the same unit. */
  readonly baseline?: { readonly what: string; readonly value: number }
  /** `ratio` (or `value`, where there is no baseline) must be at most, or at least, so much. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number }
}

export interface FigureContext {
  readonly clusters: ClusterSource
  /** 1 for the whole figure; less for a shorter run of the same. */
  readonly scale: number
  readonly progress: (text: string) => void
}

export interface Figure {
  readonly name: string
  /** A line for --help. */
  readonly summary: string
  /** Does it run on clusters of a kubeconfig too? */
  readonly real: boolean
  run(context: FigureContext): Promise<readonly Row[]>
}

export function ratioOf({ value, baseline }: Row): number | undefined {
  return baseline === undefined ? undefined : value / baseline.value
}

export function isMet(row: Row): boolean | undefined {
  if (row.target === undefined) return undefined
  const judged = ratioOf(row) ?? row.value
  return 'atMost' in row.target ? judged <= row.target.atMost : judged >= row.target.atLeast
}
