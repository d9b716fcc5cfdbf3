import type { Condition } from '@isthmus/api'
import { isOwnServiceImport } from '@isthmus/core'
import { objectKey } from '@isthmus/kube'
import type { ExportStatus, ImportStatus } from '../options.ts'
import type { OwnCluster } from '../own/own-cluster.ts'

/** The own cluster's exports, as their conditions say. */
export function exportStatuses(own: OwnCluster): ExportStatus[] {
  return own.serviceExports.list().map(serviceExport => {
    const conditions = serviceExport.status?.conditions
    return {
      key: objectKey(serviceExport),
      valid: isTrue(conditions, 'Valid'),
      ready: isTrue(conditions, 'Ready'),
      conflict: isTrue(conditions, 'Conflict'),
    }
  })
}

/** The imports that Isthmus made here. */
export function importStatuses(own: OwnCluster): ImportStatus[] {
  return own.serviceImports
    .list()
    .filter(isOwnServiceImport)
    .map(serviceImport => {
      const ready = serviceImport.status?.conditions?.find(({ type }) => type === 'Ready')
      return {
        key: objectKey(serviceImport),
        ready: ready?.status === 'True',
        reason: ready?.status === 'True' ? ready.reason : (ready?.message ?? 'Pending'),
        ips: serviceImport.spec.ips ?? [],
        clusters: serviceImport.status?.clusters?.map(({ cluster }) => cluster) ?? [],
      }
    })
}

function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
}
