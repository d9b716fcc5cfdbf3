import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { SCENARIO_FOLDER } from './scenario.ts'

export interface Clause {
  readonly id: string
  readonly says: string
  /** Section of KEP-1645, another KEP, or `Isthmus` for what is promised beyond them. */
  readonly kep: string
  /** A test that is no scenario. */
  readonly elsewhere?: string
}

export interface ClauseGroup {
  readonly group: string
  readonly clauses: readonly Clause[]
}

/** All clauses, in the order of the specification. */
export function loadClauses(): readonly ClauseGroup[] {
  const written = parse(readFileSync(join(SCENARIO_FOLDER, 'clauses.yaml'), 'utf8')) as {
    group: string
    clauses: Record<string, Omit<Clause, 'id'>>
  }[]
  return written.map(({ group, clauses }) => ({
    group,
    clauses: Object.entries(clauses).map(([id, clause]) => ({ id, ...clause })),
  }))
}
