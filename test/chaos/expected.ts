/** What every cluster should have imported, by core's functions alone, from the objects that users left. */
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  type KubernetesObject,
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_SERVICE_NAME,
  NAMESPACES,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceExport,
} from '@isthmus/api'
import {
  type Contribution,
  checkRecord,
  desiredSlice,
  isImportableNamespace,
  planImport,
  recordOf,
  serviceKey,
  splitServiceKey,
  validityOf,
} from '@isthmus/core'
import type { ChaosMember } from './member.ts'

/** `namespace/name` of an import to a line for each thing that must be so. */
export type Imports = ReadonlyMap<string, readonly string[]>

export function expectedImports(importer: ChaosMember, members: readonly ChaosMember[]): Imports {
  const keys = new Set(members.flatMap(member => exportsOf(member).map(keyOf)))
  const imports = new Map<string, readonly string[]>()
  for (const key of [...keys].sort()) {
    const { namespace = '', name = '' } = splitServiceKey(key) ?? {}
    const isThere = importer.server.local.get(NAMESPACES, undefined, namespace) !== undefined
    if (!isThere || !isImportableNamespace(namespace)) continue
    const contributions = new Map(members.map(member => [member.id, contribution(member, key)]))
    const existing = { derivedService: undefined, slices: [], serviceImport: undefined }
    const plan = planImport({ namespace, name, contributions, supportedFamilies: ['IPv4'], existing })
    if (plan.kind !== 'import') continue
    const context = { namespace, name, clusterId: importer.id, derivedService: undefined }
    const slices = plan.slices.map(slice => desiredSlice(slice, plan, context))
    imports.set(key, lines(plan.spec, plan.clusters, slices))
  }
  return imports
}

export function actualImports(importer: ChaosMember): Imports {
  const slices = Map.groupBy(list<EndpointSlice>(importer, ENDPOINT_SLICES), importKey)
  const imports = new Map<string, readonly string[]>()
  for (const serviceImport of list(importer, SERVICE_IMPORTS)) {
    const { spec, status } = serviceImport
    const clusters = (status?.clusters ?? []).map(({ cluster }) => cluster).sort()
    imports.set(keyOf(serviceImport), lines(spec, clusters, slices.get(keyOf(serviceImport)) ?? []))
    slices.delete(keyOf(serviceImport))
  }
  // Slices that nobody's import is about should not be there.
  for (const [key, left] of slices) {
    if (key !== undefined)
      imports.set(
        key,
        left.map(({ metadata }) => `left over: ${metadata.name}`),
      )
  }
  return imports
}

/** In order of name, so that two runs read alike. */
function lines(spec: object, clusters: readonly string[], slices: readonly EndpointSlice[]): string[] {
  const { ips: _, ...rest } = spec as { ips?: unknown }
  return [
    `spec ${stable(rest)}`,
    `clusters ${clusters.join(',')}`,
    ...slices.map(({ metadata, ports, endpoints }) =>
      [`slice ${metadata.name}`, stable(ports), stable(endpoints ?? [])].join(' '),
    ),
  ].sort()
}

/** JSON with its fields in order of name. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function contribution(member: ChaosMember, key: string): Contribution {
  const { namespace = '', name = '' } = splitServiceKey(key) ?? {}
  const { local } = member.server
  const serviceExport = local.get(SERVICE_EXPORTS, namespace, name) as unknown as ServiceExport | undefined
  const service = local.get(SERVICES, namespace, name) as unknown as Service | undefined
  if (serviceExport === undefined || service === undefined || !validityOf(service, name).valid)
    return { kind: 'absent' }
  const slices = list<EndpointSlice>(member, ENDPOINT_SLICES).filter(
    ({ metadata }) =>
      metadata.namespace === namespace && metadata.labels?.[LABEL_KUBERNETES_SERVICE_NAME] === name,
  )
  const { spec, chunks } = recordOf(serviceExport, service, slices)
  const { value, refusals } = checkRecord(spec)
  if (value === undefined) return { kind: 'absent' }
  return { kind: 'present', export: { clusterId: member.id, spec: value, chunks }, refusals }
}

function exportsOf(member: ChaosMember): readonly ServiceExport[] {
  return list(member, SERVICE_EXPORTS)
}

function list<T extends KubernetesObject>({ server }: ChaosMember, type: ResourceType<T>): readonly T[] {
  // While its definition is missing, a kind has no objects.
  if (server.registry.preferred(type) === undefined) return []
  return server.local.list(type) as unknown as readonly T[]
}

function keyOf({ metadata }: KubernetesObject): string {
  return serviceKey(metadata.namespace ?? '', metadata.name ?? '')
}

function importKey({ metadata }: KubernetesObject): string | undefined {
  const name = metadata.labels?.[LABEL_SERVICE_NAME]
  return name === undefined ? undefined : serviceKey(metadata.namespace ?? '', name)
}
