import {
  AGENT_NAMESPACE,
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  type EndpointSlice,
  EXCHANGE_NAMESPACE,
  IMPORT_POLICIES,
  type ImportPolicy,
  type IPFamily,
  LABEL_SERVICE_NAME,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
  NAMESPACES,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceImport,
} from '@isthmus/api'
import { type LocalApi, type LocalObject, StatusError } from '@isthmus/apiserver'
import {
  Admission,
  CIDRList,
  type Contribution,
  derivedServiceName,
  desiredSlice,
  type ExistingImport,
  type FieldSchema,
  type ImportedPlan,
  ImportRules,
  isDerivedService,
  type KeptFields,
  keptFieldsOf,
  membersNotReadWhole,
  newDerivedService,
  newServiceImport,
  nextImportStatus,
  obstacleTo,
  planImport,
  readinessOf,
  repairedDerivedService,
  repairedServiceImport,
  repairedSlice,
  slicesByName,
} from '@isthmus/core'

export interface ModelImport {
  readonly clusterId: string
  readonly local: LocalApi
  readonly namespace: string
  readonly name: string
  readonly contributions: ReadonlyMap<string, Contribution>
  readonly supportedFamilies: readonly IPFamily[]
  readonly reservedPrefixes?: readonly string[] | undefined
  /** RFC 3339. */
  readonly now: string
}

/** Makes of what the members contribute what the cluster serves of it. */
export function importService(input: ModelImport): void {
  const { local, namespace, name } = input
  const derivedName = derivedServiceName(namespace, name)
  const get = <T>(type: ResourceType, object: string) => local.get(type, namespace, object) as T | undefined
  const service = get<Service>(SERVICES, derivedName)
  const serviceImport = get<ServiceImport>(SERVICE_IMPORTS, name)
  const slices = (local.list(ENDPOINT_SLICES, namespace) as unknown as EndpointSlice[]).filter(
    ({ metadata: { labels } }) =>
      labels?.[LABEL_SERVICE_NAME] === name && labels[LABEL_SLICE_MANAGED_BY] === MANAGER,
  )
  const derivedService = isDerivedService(service) ? service : undefined
  const existing: ExistingImport = { derivedService, slices, serviceImport }
  const obstacle = obstacleTo({ namespace, name, service, serviceImport })
  if (obstacle?.kind === 'ServiceImport') return
  const plan = planImport({ ...input, existing, admission: admissionOf(input) })
  if (plan.kind === 'remove') {
    if (serviceImport !== undefined) local.delete(SERVICE_IMPORTS, namespace, name)
    for (const slice of slices) local.delete(ENDPOINT_SLICES, namespace, slice.metadata.name ?? '')
    if (derivedService !== undefined) local.delete(SERVICES, namespace, derivedName)
  }
  if (plan.kind !== 'import') return
  const named = slicesByName(namespace, plan, slices, slice => get<EndpointSlice>(ENDPOINT_SLICES, slice))
  const { served, why } = serveKnown(
    input,
    named.plan,
    { ...existing, slices: named.slices },
    plan.spec.type === 'Headless' ? undefined : obstacle?.message,
  )
  const kept = keptFields(local)
  const ips = served?.spec?.clusterIPs ?? serviceImport?.spec.ips ?? []
  const stored = storeImport(input, plan, existing, ips, kept)
  const unread = membersNotReadWhole(
    input.contributions,
    plan,
    new Set(local.list(ENDPOINT_SLICES, namespace).map(({ metadata }) => metadata.name)),
  )
  const reason =
    why ??
    named.obstacle?.message ??
    (unread.length === 0 ? undefined : `endpoints of ${unread.join(', ')} have not been read`)
  const status = nextImportStatus(stored, plan, readinessOf(plan, reason), input.now, kept)
  if (status !== undefined)
    local.updateStatus(SERVICE_IMPORTS, { ...stored, status } as unknown as LocalObject)
}

/** As the policies of the cluster have it. Embedded clusters have no nodes, and their own addresses are not known. */
function admissionOf({ local, namespace, clusterId }: ModelImport): Admission {
  const { labels = {} } = local.get(NAMESPACES, undefined, namespace)?.metadata ?? {}
  const none = new CIDRList([])
  return new Admission({
    namespace: { name: namespace, labels },
    clusterId,
    ownNamespaces: [AGENT_NAMESPACE, EXCHANGE_NAMESPACE],
    rules: new ImportRules(local.list(IMPORT_POLICIES) as unknown as ImportPolicy[]),
    ownAddresses: { apiServer: none, services: none, pods: none },
  })
}

/** Without a trafficDistribution that the API server does not know, rather than not at all. */
function serveKnown(...[input, plan, ...rest]: Parameters<typeof serve>): ReturnType<typeof serve> {
  const result = serve(input, plan, ...rest)
  const isUnknown = result.unknown?.every(({ field }) => field === 'spec.trafficDistribution') ?? false
  if (!isUnknown) return result
  const { trafficDistribution: _, ...spec } = plan.spec
  return serve(input, { ...plan, spec }, ...rest)
}

/** Derived Service and slices; what the API server refuses is the reason why they are not there. */
function serve(
  { local, namespace, name, clusterId }: ModelImport,
  plan: ImportedPlan,
  { derivedService, slices, serviceImport }: ExistingImport,
  obstacle: string | undefined,
): { served?: Service; why?: string; unknown?: readonly { field?: string }[] | undefined } {
  if (obstacle !== undefined) return { why: obstacle }
  try {
    const served = storeService()
    const left = new Map(slices.map(slice => [slice.metadata.name ?? '', slice]))
    for (const planned of plan.slices) {
      const desired = desiredSlice(planned, plan, { namespace, name, clusterId, derivedService: served })
      const stored = left.get(planned.name)
      left.delete(planned.name)
      if (stored === undefined) local.create(ENDPOINT_SLICES, desired as unknown as LocalObject)
      else {
        const repaired = repairedSlice(stored, desired)
        if (repaired !== undefined) local.update(ENDPOINT_SLICES, repaired as unknown as LocalObject)
      }
    }
    for (const slice of left.keys())
      if (!plan.keptSlices.has(slice)) local.delete(ENDPOINT_SLICES, namespace, slice)
    if (served === undefined && derivedService !== undefined)
      local.delete(SERVICES, namespace, derivedService.metadata.name ?? '')
    return served === undefined ? {} : { served }
  } catch (error) {
    if (error instanceof StatusError) return { why: error.message, unknown: error.status.details?.causes }
    throw error
  }

  function storeService(): Service | undefined {
    if (plan.spec.type === 'Headless' || plan.unsupported) return undefined
    if (derivedService === undefined) {
      const made = newDerivedService(namespace, name, plan, serviceImport)
      return local.create(SERVICES, made as unknown as LocalObject) as unknown as Service
    }
    const repaired = repairedDerivedService(withoutStatus(derivedService), name, plan, serviceImport)
    if (repaired === undefined) return derivedService
    return local.update(SERVICES, repaired as unknown as LocalObject) as unknown as Service
  }
}

function storeImport(
  { local, namespace, name }: ModelImport,
  plan: ImportedPlan,
  { serviceImport }: ExistingImport,
  ips: readonly string[],
  kept: KeptFields,
): ServiceImport {
  if (serviceImport === undefined) {
    const made = newServiceImport(namespace, name, plan, ips, kept)
    return local.create(SERVICE_IMPORTS, made as unknown as LocalObject) as unknown as ServiceImport
  }
  const repaired = repairedServiceImport(serviceImport, plan, ips, kept)
  if (repaired === undefined) return serviceImport
  return local.update(SERVICE_IMPORTS, repaired as unknown as LocalObject) as unknown as ServiceImport
}

function keptFields(local: LocalApi): KeptFields {
  const name = `${SERVICE_IMPORTS.plural}.${SERVICE_IMPORTS.group}`
  const found = local.get(CUSTOM_RESOURCE_DEFINITIONS, undefined, name) as unknown as CustomResourceDefinition
  const version = found.spec.versions.find(version => version.name === SERVICE_IMPORTS.version)
  return keptFieldsOf(version?.schema?.openAPIV3Schema as FieldSchema | undefined)
}

function withoutStatus({ status: _, ...service }: Service): Service {
  return service
}
