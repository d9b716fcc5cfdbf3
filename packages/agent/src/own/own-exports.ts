import type { Service, ServiceExport } from '@isthmus/api'
import {
  type Contribution,
  checkRecord,
  type ExportRecord,
  recordOf,
  type Validity,
  validityOf,
} from '@isthmus/core'
import { parseKey } from '@isthmus/kube'
import type { OwnCluster } from './own-cluster.ts'

/** An export of this cluster, as its caches have it. */
export interface OwnExport {
  readonly serviceExport: ServiceExport
  readonly service: Service | undefined
  readonly validity: Validity
}

/** The export of that key, if there is a ServiceExport that is not being deleted. */
export function ownExport(own: OwnCluster, key: string): OwnExport | undefined {
  const serviceExport = own.serviceExports.get(key)
  if (serviceExport === undefined || serviceExport.metadata.deletionTimestamp !== undefined) return undefined
  const found = own.services.get(key)
  // A Service on its way out serves nobody; its ServiceExport is without Service from now on.
  const service = found?.metadata.deletionTimestamp === undefined ? found : undefined
  return { serviceExport, service, validity: validityOf(service, parseKey(key).name) }
}

/** What the export of that key publishes; undefined where there is none, or it is not valid. */
export function ownRecord(own: OwnCluster, key: string): ExportRecord | undefined {
  const found = ownExport(own, key)
  if (found?.service === undefined || !found.validity.valid) return undefined
  return recordOf(found.serviceExport, found.service, own.slices.byIndex('service', key))
}

/**
 * Own exports join the merge directly, not by way of the exchange, but through the same checks: every
 * member has to merge the same.
 */
export function ownContribution(own: OwnCluster, clusterId: string, key: string): Contribution {
  const record = ownRecord(own, key)
  if (record === undefined) return { kind: 'absent' }
  const { value: spec, refusals } = checkRecord(record.spec)
  if (spec === undefined) return { kind: 'absent' }
  return { kind: 'present', export: { clusterId, spec, chunks: record.chunks }, refusals }
}
