/** What a cluster's objects amount to: for kube-proxy, for DNS, by source cluster. */
import {
  type EndpointSlice,
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_SERVICE_NAME,
  LABEL_SOURCE_CLUSTER,
  type Service,
  type ServiceImport,
} from '@isthmus/api'
import { fixedNames, namesOfService, namespaceName, type ZoneRecord } from '@isthmus/core'

/** Imported slices of a service by source cluster, in order of family and first address. */
export function slicesBySource(
  slices: readonly EndpointSlice[],
  service: string,
): Record<string, EndpointSlice[]> {
  const imported = slices
    .filter(({ metadata }) => metadata.labels?.[LABEL_SERVICE_NAME] === service)
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  return Object.fromEntries(
    Map.groupBy(imported, ({ metadata }) => metadata.labels?.[LABEL_SOURCE_CLUSTER] ?? ''),
  )
}

function orderOf({ addressType, endpoints }: EndpointSlice): string {
  const [first = ''] = endpoints?.[0]?.addresses ?? []
  return `${addressType} ${first
    .split('.')
    .map(part => part.padStart(3, '0'))
    .join('.')}`
}

/**
 * Where kube-proxy sends the traffic of each port of a Service: `east 10.1.0.1:8080`, sorted. It joins
 * slices by the Service's name and ports by theirs; without a ready endpoint it takes those that still serve.
 */
export function reached(
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Record<string, string[]> {
  const own = slices.filter(
    ({ metadata }) =>
      service !== undefined && metadata.labels?.[LABEL_KUBERNETES_SERVICE_NAME] === service.metadata.name,
  )
  return Object.fromEntries(
    (service?.spec?.ports ?? []).map(({ name = '', protocol }) => {
      const all = own.flatMap(slice =>
        (slice.ports ?? [])
          .filter(port => (port.name ?? '') === name && port.protocol === protocol)
          .flatMap(({ port }) =>
            (slice.endpoints ?? []).map(({ addresses: [address = ''], conditions }) => ({
              conditions,
              line: `${slice.metadata.labels?.[LABEL_SOURCE_CLUSTER]} ${address.includes(':') ? `[${address}]` : address}:${port}`,
            })),
          ),
      )
      const ready = all.filter(({ conditions }) => conditions?.ready !== false)
      const serving = all.filter(
        ({ conditions }) => conditions?.serving === true && conditions.terminating === true,
      )
      return [name, [...new Set((ready.length > 0 ? ready : serving).map(({ line }) => line))].sort()]
    }),
  )
}

/** The answer to `<name> <type>`, from core's model of the zone: records, `NODATA` or `NXDOMAIN`. */
export function dnsAnswer(
  question: string,
  namespace: string,
  imports: readonly ServiceImport[],
  slices: readonly EndpointSlice[],
): readonly string[] | 'NODATA' | 'NXDOMAIN' {
  const [qname = '', type = ''] = question.split(' ')
  const name = qname.toLowerCase()
  const ofImport = (serviceImport: ServiceImport) =>
    slices.filter(({ metadata }) => metadata.labels?.[LABEL_SERVICE_NAME] === serviceImport.metadata.name)
  const names = [
    ...fixedNames(),
    namespaceName(namespace),
    ...imports.flatMap(serviceImport => namesOfService(serviceImport, ofImport(serviceImport))),
  ]
  const found = names.find(known => known.name === name)
  if (found === undefined) return 'NXDOMAIN'
  const records = found.records.filter(record => record.type === type)
  return records.length === 0 ? 'NODATA' : records.map(recordText).sort()
}

function recordText(record: ZoneRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${record.target}`
    case 'TXT':
      return record.text
    case 'NS':
      return record.target
  }
}
