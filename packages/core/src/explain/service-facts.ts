import type { EndpointSlice, ExportedEndpoints, Service } from '@isthmus/api'
import { checkRecord } from '../check/check-record.ts'
import { type ExportRecord, recordOf } from '../export/record.ts'
import { type Validity, validityOf } from '../export/validity.ts'
import { type Contribution, contributionOf } from '../member/contribution.ts'
import { serviceKey } from '../naming/names.ts'
import { type ClusterReading, isRead, readValue, whyUnread } from './facts.ts'

/** One cluster as the place that a service may come from. */
export interface Exporter {
  readonly namespace: string
  readonly name: string
  readonly cluster: ClusterReading
  /** Other clusters of the set whose index names the service, or that have a ServiceExport of it. */
  readonly others: readonly ClusterReading[]
  /** No member that was asked has the Service, or exports it. */
  readonly isNowhere: boolean
  /** Members of which nobody can say here whether they export it: no context leads to them, or they could not be read. */
  readonly unasked: readonly string[]
}

/** A Service on its way out serves nobody, and a ServiceExport on its way out exports nothing. */
export function usable<T extends { metadata: { deletionTimestamp?: string } }>(
  object: T | undefined,
): T | undefined {
  return object?.metadata.deletionTimestamp === undefined ? object : undefined
}

/** Whether a cluster exports the service, or has done something towards it. */
export function triesToExport(cluster: ClusterReading, namespace: string, name: string): boolean {
  return (
    usable(readValue(cluster.serviceExport)) !== undefined ||
    (readValue(cluster.index)?.spec?.services ?? []).includes(serviceKey(namespace, name))
  )
}

/** Undefined: it cannot be known, or there is no export. */
export function validityIn(cluster: ClusterReading, name: string): Validity | undefined {
  if (!isRead(cluster.service) || usable(readValue(cluster.serviceExport)) === undefined) return undefined
  return validityOf(usable(cluster.service.value), name)
}

/** The record that the cluster should have published; undefined where it should have none, or it is not known. */
export function rightRecord(cluster: ClusterReading, name: string): ExportRecord | undefined {
  const service = usable(readValue(cluster.service))
  const serviceExport = usable(readValue(cluster.serviceExport))
  const slices = readValue(cluster.sourceSlices)
  if (service === undefined || serviceExport === undefined || slices === undefined) return undefined
  return validityIn(cluster, name)?.valid ? recordOf(serviceExport, service, slices) : undefined
}

/** What the cluster contributes to its own import: directly, through the checks that all members make. */
export function ownContribution(cluster: ClusterReading, name: string): Contribution {
  if (!isRead(cluster.serviceExport) || !isRead(cluster.service) || !isRead(cluster.sourceSlices))
    return { kind: 'unknown', why: 'it could not be read', remembered: undefined, refusals: [] }
  const record = rightRecord(cluster, name)
  if (record === undefined) return { kind: 'absent' }
  const { value, refusals } = checkRecord(record.spec)
  if (value === undefined) return { kind: 'absent' }
  return {
    kind: 'present',
    export: { clusterId: cluster.clusterId, spec: value, chunks: record.chunks },
    refusals,
  }
}

/** What the peer's exchange, read as it is now, contributes to an import of `reader`. */
export function peerContribution(
  reader: ClusterReading,
  peer: ClusterReading,
  namespace: string,
  name: string,
): Contribution {
  const { index, record, chunks } = peer
  const why = whyUnread(index) ?? whyUnread(record) ?? whyUnread(chunks)
  if (why !== undefined) return { kind: 'unknown', why, remembered: undefined, refusals: [] }
  const key = serviceKey(namespace, name)
  const memory = readValue(reader.links)?.find(({ clusterId }) => clusterId === peer.clusterId)
  return contributionOf(
    key,
    {
      clusterId: peer.clusterId,
      index: readValue(index),
      highestSequence: memory?.highestSequence ?? 0,
      record: () => readValue(record),
      chunk: (chunk: string): ExportedEndpoints | undefined => readValue(chunks)?.get(chunk),
      remembered: () => undefined,
    },
    new Set(readValue(index)?.spec?.services ?? []),
  )
}

export interface EndpointCount {
  readonly ready: number
  readonly total: number
}

/** Unknown readiness counts as ready, as EndpointSlice's documentation says. */
export function countEndpoints(slices: readonly Pick<EndpointSlice, 'endpoints'>[]): EndpointCount {
  const endpoints = slices.flatMap(slice => slice.endpoints ?? [])
  return {
    ready: endpoints.filter(({ conditions }) => conditions?.ready !== false).length,
    total: endpoints.length,
  }
}

/** `2 of 3 endpoints ready`. */
export function endpointsInWords({ ready, total }: EndpointCount): string {
  if (total === 0) return 'no endpoints'
  return `${ready} of ${total} ${total === 1 ? 'endpoint' : 'endpoints'} ready`
}

/** `ClusterIP 10.96.0.7, ports 80/TCP`. */
export function serviceInWords({ spec }: Service): string {
  const kind =
    spec?.clusterIP === 'None' ? 'headless' : `${spec?.type ?? 'ClusterIP'} ${spec?.clusterIP ?? ''}`
  const ports = (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join(', ')
  return `${kind.trim()}${ports === '' ? ', no ports' : `, ${ports}`}`
}
