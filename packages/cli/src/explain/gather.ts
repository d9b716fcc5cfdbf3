/** Reads of every member what one service is made of there, with the rights of whoever asks. */
import { LEADER_LEASE_NAME } from '@isthmus/agent'
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  configMapValue,
  ENDPOINT_SLICES,
  type EndpointSlice,
  EXPORT_INDEX_NAME,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportedEndpoints,
  type ExportedService,
  IMPORT_POLICIES,
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_SERVICE_NAME,
  LEASES,
  MEMBERSHIP_NAME,
  type MembershipRecord,
  NAMESPACES,
  NODES,
  PUBLISHER_LEASE_NAME,
  SERVICE_CIDRS,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type ServiceImport,
} from '@isthmus/api'
import {
  Admission,
  CIDRList,
  type ClusterReading,
  derivedServiceName,
  type Facts,
  type FieldSchema,
  ImportRules,
  type KeptFields,
  keptFieldsOf,
  type Reading,
  readValue,
  recordName,
} from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { type MemberContext, quoted, type ReachedContexts } from '../contexts/contexts.ts'
import { linksOf } from '../contexts/links.ts'
import { profilesIn } from '../contexts/profiles.ts'
import { readersIn } from '../contexts/readers.ts'
import { readList, readObject } from '../contexts/reading.ts'
import type { Outside } from './outside.ts'

export async function gather(
  { members, unreachable, outsiders }: ReachedContexts,
  namespace: string,
  name: string,
  outside: Outside,
): Promise<Facts> {
  const [read, registryContext] = await Promise.all([
    Promise.all(members.map(member => readMember(member, namespace, name, outside))),
    registryAmong([...members, ...outsiders]),
  ])
  const clusters = read.map(cluster => ({ ...cluster, registryContext }))
  return { namespace, name, clusters, unreachable, outsiders }
}

/** The first context whose cluster keeps profiles of members, as a shell takes it. */
async function registryAmong(
  contexts: readonly Pick<MemberContext, 'context' | 'client'>[],
): Promise<string | undefined> {
  const profiles = await Promise.all(contexts.map(({ client }) => profilesIn(client)))
  const found = contexts.find((_, n) => profiles[n]?.length)
  return found === undefined ? undefined : quoted(found.context)
}

async function readMember(
  { client, ...member }: MemberContext,
  namespace: string,
  name: string,
  outside: Outside,
): Promise<Omit<ClusterReading, 'registryContext'>> {
  const { agentNamespace: home, exchangeNamespace: exchange } = member.installedIn
  const [known, derivedService, importedSlices, serviceImport, record, kept, links] = await Promise.all([
    readSource(client, namespace, name),
    readObject(() => client.get(SERVICES, derivedServiceName(namespace, name), namespace)),
    readList(() => slicesOf(client, namespace, LABEL_SERVICE_NAME, name)),
    readObject(() => client.get(SERVICE_IMPORTS, name, namespace)),
    readObject(() => client.get(EXPORTED_SERVICES, recordName(namespace, name), exchange)),
    keptFields(client),
    readList(() => linksOf(client, home)),
  ])
  const [index, heartbeat, leader, readers, membership, chunks, admission, dns, connect] = await Promise.all([
    readObject(() => client.get(EXPORT_INDEXES, EXPORT_INDEX_NAME, exchange)),
    readObject(() => client.get(LEASES, PUBLISHER_LEASE_NAME, exchange)),
    readObject(() => client.get(LEASES, LEADER_LEASE_NAME, home)),
    readersIn(client, exchange),
    client.get(CONFIG_MAPS, MEMBERSHIP_NAME, home).catch(() => undefined),
    readList(() => chunksOf(client, exchange, readValue(record))),
    admissionOf(client, member, namespace, readValue(known.namespace)?.metadata.labels),
    outside.askDns(member, namespace, name),
    connectTo(outside, member, serviceImport, importedSlices),
  ])
  return {
    ...member,
    ...known,
    isJoined: membership !== undefined,
    readers,
    removedAt: configMapValue<MembershipRecord>(membership)?.removedAt,
    derivedService,
    importedSlices,
    serviceImport,
    record,
    kept,
    links,
    index,
    heartbeat,
    leader,
    chunks,
    admission,
    dns,
    connect,
  }
}

async function readSource(client: ClusterClient, namespace: string, name: string) {
  const [found, service, sourceSlices, serviceExport] = await Promise.all([
    readObject(() => client.get(NAMESPACES, namespace)),
    readObject(() => client.get(SERVICES, name, namespace)),
    readList(() => slicesOf(client, namespace, LABEL_KUBERNETES_SERVICE_NAME, name)),
    readObject(() => client.get(SERVICE_EXPORTS, name, namespace)),
  ])
  return { namespace: found, service, sourceSlices, serviceExport }
}

async function slicesOf(client: ClusterClient, namespace: string, label: string, value: string) {
  const { items } = await client.list(ENDPOINT_SLICES, { namespace, labelSelector: `${label}=${value}` })
  return items
}

/** More chunks than this are read in one list. */
const FEW_CHUNKS = 20

/** Only those that the record names: an exchange may hold those of thousands of services. */
async function chunksOf(
  client: ClusterClient,
  exchange: string,
  record: ExportedService | undefined,
): Promise<ReadonlyMap<string, ExportedEndpoints>> {
  const named: readonly unknown[] = Array.isArray(record?.spec?.chunks) ? record.spec.chunks : []
  const names = named.filter(name => typeof name === 'string')
  const found =
    names.length > FEW_CHUNKS
      ? (await client.list(EXPORTED_ENDPOINTS, { namespace: exchange })).items
      : await Promise.all(names.map(name => chunkNamed(client, exchange, name)))
  const wanted = new Set(names)
  return new Map(
    found.flatMap(chunk => {
      const name = chunk?.metadata.name ?? ''
      return chunk !== undefined && wanted.has(name) ? [[name, chunk] as const] : []
    }),
  )
}

async function chunkNamed(
  client: ClusterClient,
  exchange: string,
  name: string,
): Promise<ExportedEndpoints | undefined> {
  const reading = await readObject(() => client.get(EXPORTED_ENDPOINTS, name, exchange))
  if ('unread' in reading) throw new Error(reading.unread)
  return reading.value
}

/** What may not be read refuses nothing here: the agent may know of more. */
async function admissionOf(
  client: ClusterClient,
  { clusterId, installedIn }: Pick<MemberContext, 'clusterId' | 'installedIn'>,
  namespace: string,
  labels: Record<string, string> = {},
): Promise<Admission> {
  const all = <T>(ask: () => Promise<{ items: T[] }>) =>
    ask().then(
      ({ items }) => items,
      () => [],
    )
  const [policies, ranges, nodes, service, slices] = await Promise.all([
    all(() => client.list(IMPORT_POLICIES)),
    all(() => client.list(SERVICE_CIDRS)),
    all(() => client.list(NODES)),
    client.get(SERVICES, 'kubernetes', 'default').catch(() => undefined),
    slicesOf(client, 'default', LABEL_KUBERNETES_SERVICE_NAME, 'kubernetes').catch(() => []),
  ])
  const endpoints = slices.flatMap(slice => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses))
  return new Admission({
    namespace: { name: namespace, labels },
    clusterId,
    ownNamespaces: Object.values(installedIn),
    rules: new ImportRules(policies),
    ownAddresses: {
      apiServer: new CIDRList([...(service?.spec?.clusterIPs ?? []), ...endpoints]),
      services: new CIDRList(ranges.flatMap(({ spec }) => spec?.cidrs ?? [])),
      pods: new CIDRList(nodes.flatMap(({ spec }) => spec?.podCIDRs ?? [])),
    },
  })
}

/** All, where the definition may not be read. */
async function keptFields(client: ClusterClient): Promise<KeptFields> {
  const name = `${SERVICE_IMPORTS.plural}.${SERVICE_IMPORTS.group}`
  const definition = await client.get(CUSTOM_RESOURCE_DEFINITIONS, name).catch(() => undefined)
  const version = definition?.spec.versions.find(one => one.name === SERVICE_IMPORTS.version)
  return keptFieldsOf(version?.schema?.openAPIV3Schema as FieldSchema | undefined)
}

async function connectTo(
  outside: Outside,
  member: Omit<MemberContext, 'client'>,
  serviceImport: Reading<ServiceImport | undefined>,
  slices: Reading<readonly EndpointSlice[]>,
) {
  const found = readValue(serviceImport)
  if (found === undefined) return { unread: 'there is no ServiceImport to connect to' }
  return outside.connect(member, found, readValue(slices) ?? [])
}
