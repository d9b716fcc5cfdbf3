import { SERVICE_EXPORTS } from '@isthmus/api'
import { type Contribution, conflictsAmong, knownExports, nextExportConditions } from '@isthmus/core'
import { done, type Outcome } from '@isthmus/kube'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownExport } from '../own/own-exports.ts'

export interface ExportConditionsOptions {
  readonly own: OwnCluster
  readonly contributions: (key: string) => ReadonlyMap<string, Contribution>
  /** Why record or index are not stored yet; undefined when they are. */
  readonly unpublished: (key: string) => string | undefined
  readonly clock: () => number
}

/** Writes the conditions of one own ServiceExport, the only thing of a user's that an agent writes. */
export async function reconcileExportConditions(
  key: string,
  options: ExportConditionsOptions,
): Promise<Outcome> {
  const { own, contributions, unpublished, clock } = options
  const found = ownExport(own, key)
  if (found === undefined) return done()
  const { serviceExport, validity } = found
  const members = contributions(key)
  const conflicts = conflictsAmong(knownExports(members))
  // While a member is silent, what disagreed before may still do so: a conflict is raised then, not cleared.
  const isSilent = [...members.values()].some(c => c.kind === 'unknown' && c.remembered === undefined)
  const stands = serviceExport.status?.conditions?.some(
    ({ type, status }) => type === 'Conflict' && status === 'True',
  )
  const why = validity.valid ? unpublished(key) : undefined
  const conditions = nextExportConditions({
    serviceExport,
    validity,
    published: why === undefined ? { done: true } : { done: false, why },
    conflicts: isSilent && stands && conflicts.length === 0 ? undefined : conflicts,
    now: new Date(clock()).toISOString().replace(/\.\d+Z$/, 'Z'),
  })
  if (conditions !== undefined) {
    const status = { ...serviceExport.status, conditions: [...conditions] }
    await own.writes.updateStatus(SERVICE_EXPORTS, { ...serviceExport, status })
  }
  return done()
}
