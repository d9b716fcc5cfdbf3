import type { ExportedEndpointsSpec, ExportedServiceSpec } from '@isthmus/api'

/** One member's export of a service. The cluster id is the link's that it was read over, never the record's. */
export interface MemberExport {
  readonly clusterId: string
  readonly spec: ExportedServiceSpec
  /** The chunks that the record names; undefined where one is named but has not been seen. */
  readonly chunks: ReadonlyMap<string, ExportedEndpointsSpec | undefined>
}

/**
 * Precedence: oldest ServiceExport first, ties by cluster id (KEP-1645, Constraints and conflict resolution).
 * Kubernetes' timestamps have whole seconds and one form, so text order would do; other valid forms are
 * compared as times all the same.
 */
export function byPrecedence(a: MemberExport, b: MemberExport): number {
  const difference = Date.parse(a.spec.exportedAt) - Date.parse(b.spec.exportedAt)
  if (difference !== 0) return difference
  return a.clusterId < b.clusterId ? -1 : a.clusterId > b.clusterId ? 1 : 0
}
