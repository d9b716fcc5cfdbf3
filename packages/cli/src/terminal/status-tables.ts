/** What views of a running ClusterSet have in common. */
import { table } from './table.ts'

interface Count {
  readonly ready: number
  readonly total: number
}

/** A table, or a sentence where there is nothing in it. */
export function section(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  none: string,
): string[] {
  return rows.length === 0 ? [none] : table(headings, rows)
}

/** `east 2/2, west 1/3`. */
export function endpointsText(endpoints: readonly (Count & { readonly cluster: string })[]): string {
  return endpoints.map(({ cluster, ready, total }) => `${cluster} ${ready}/${total}`).join(', ') || 'none'
}

export function ratio({ ready, total }: Count): string {
  return `${ready}/${total}`
}
