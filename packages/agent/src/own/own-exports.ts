import type { Service, ServiceExport } from '@isthmus/api'
import {
  type Contribution,
  checkRecord,
  recordOf,
  type ExportRecord,
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
  /** Undefined where the export is not valid. */
  readonly record: ExportRecord | undefined
}

/** The export of that key, if there is a ServiceExport that is not being deleted. */
export function ownExport(own: OwnCluster, key: string): OwnExport | undefined {
  const serviceExport = own.serviceExports.get(key)
  if (serviceExport === undefined || serviceExport.metadata.deletionTimestamp !== undefined) return undefined
  const found = own.services.get(key)
  // A Service on its way out serves nobody; its ServiceExport is without Service from now on.
  const service = found?.metadata.deletionTimestamp === undefined ? found : undefined
  const validity = validityOf(service, parseKey(key).name)
  const record =
    validity.valid && service !== undefined
      ? recordOf(serviceExport, service, own.slices.byIndex('service', key))
      : undefined
  return { serviceExport, service, validity, record }
}

/**
 * Own exports join the merge directly, not by way of the exchange, but through the same checks: every
 * member has to merge the same.
 */
export function ownContribution(own: OwnCluster, clusterId: string, key: string): Contribution {
  const record = ownExport(own, key)?.record
  if (record === undefined) return { kind: 'absent' }
  const { value: spec, refusals } = checkRecord(record.spec)
  if (spec === undefined) return { kind: 'absent' }
  return { kind: 'present', export: { clusterId, spec, chunks: record.chunks }, refusals }
}
