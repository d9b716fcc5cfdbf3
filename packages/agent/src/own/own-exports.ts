import type { EndpointSlice, Service, ServiceExport } from '@isthmus/api'
import {
  type Contribution,
  checkRecord,
  type ExportRecord,
  type Refusal,
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

/** What an export publishes, and what members make of it, this one as all others. */
export interface OwnRecord extends ExportRecord {
  readonly contribution: Contribution
  readonly refusals: readonly Refusal[]
  /** Every member refuses it whole. */
  readonly refused: boolean
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

/** Records that were made before, with the objects that they were made from: caches never change these in place. */
const made = new WeakMap<
  ServiceExport,
  { clusterId: string; service: Service; slices: readonly EndpointSlice[]; record: OwnRecord }
>()

/** What the export of that key publishes; undefined where there is none, or it is not valid. */
export function ownRecord(own: OwnCluster, clusterId: string, key: string): OwnRecord | undefined {
  const found = ownExport(own, key)
  if (found?.service === undefined || !found.validity.valid) return undefined
  const { serviceExport, service } = found
  const slices = own.slices.byIndex('service', key)
  const known = made.get(serviceExport)
  if (known?.clusterId === clusterId && known.service === service && sameItems(known.slices, slices)) {
    return known.record
  }
  const record = newRecord(clusterId, serviceExport, service, slices)
  made.set(serviceExport, { clusterId, service, slices, record })
  return record
}

/**
 * Own exports join the merge directly, not by way of the exchange, but through the same checks: every
 * member has to merge the same.
 */
export function ownContribution(own: OwnCluster, clusterId: string, key: string): Contribution {
  return ownRecord(own, clusterId, key)?.contribution ?? { kind: 'absent' }
}

function newRecord(
  clusterId: string,
  serviceExport: ServiceExport,
  service: Service,
  slices: readonly EndpointSlice[],
): OwnRecord {
  const { spec, chunks } = recordOf(serviceExport, service, slices)
  const { value, refusals } = checkRecord(spec)
  const contribution: Contribution =
    value === undefined
      ? { kind: 'absent' }
      : { kind: 'present', export: { clusterId, spec: value, chunks }, refusals }
  return { spec, chunks, contribution, refusals, refused: value === undefined }
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
