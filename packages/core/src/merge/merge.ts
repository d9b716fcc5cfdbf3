import type { ExportedServiceSpec, IPFamily } from '@isthmus/api'
import { type Conflict, conflictsAmong } from './conflict-rules.ts'
import { byPrecedence, type MemberExport } from './exports.ts'
import { commonFamilies } from './ip-families.ts'
import { type MergedPort, unionOfPorts } from './ports.ts'

/** One service as the whole ClusterSet sees it: the same in every member. */
export interface Merged {
  /** In order of precedence; the first one decides. */
  readonly exports: readonly MemberExport[]
  readonly oldest: ExportedServiceSpec
  readonly ports: readonly MergedPort[]
  readonly ipFamilies: readonly IPFamily[]
  readonly conflicts: readonly Conflict[]
}

/** Merges the exports of one service, given in any order. Undefined where there are none. */
export function merge(unordered: readonly MemberExport[]): Merged | undefined {
  const exports = [...unordered].sort(byPrecedence)
  const [first] = exports
  if (first === undefined) return undefined
  return {
    exports,
    oldest: first.spec,
    ports: unionOfPorts(exports),
    ipFamilies: commonFamilies(exports),
    conflicts: conflictsAmong(exports),
  }
}
