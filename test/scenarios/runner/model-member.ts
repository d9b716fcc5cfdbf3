import {
  AGENT_NAMESPACE,
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  type EndpointSlice,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEX_NAME,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportedEndpoints,
  type ExportedService,
  type ExportIndex,
  type IPFamily,
  type KubernetesObject,
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_SERVICE_NAME,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
  NAMESPACES,
  type Namespace,
  PROPERTY_CLUSTER_ID,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceExport,
  type ServiceImport,
} from '@isthmus/api'
import type { LocalApi, LocalObject } from '@isthmus/apiserver'
import {
  type Contribution,
  checkRecord,
  conflictsAmong,
  contributionOf,
  type ExportRecord,
  isServiceKey,
  knownExports,
  type MemberExport,
  nextExportConditions,
  nextIndex,
  objectionToIndex,
  type Publication,
  recordName,
  recordOf,
  serviceKey,
  splitServiceKey,
  type Validity,
  validityOf,
} from '@isthmus/core'
import type { LinkLine } from './clusters.ts'
import { importService } from './model-import.ts'

export interface ModelMemberOptions {
  readonly id: string
  readonly families: readonly IPFamily[]
  readonly reservedPrefixes?: readonly string[] | undefined
  readonly local: LocalApi
  readonly isServed: (type: ResourceType) => boolean
  readonly now: () => number
}

const EXCHANGE_KINDS: readonly ResourceType[] = [EXPORT_INDEXES, EXPORTED_SERVICES, EXPORTED_ENDPOINTS]

/** After which peers hold a publisher for silent. */
const LEASE_DURATION_MS = 40_000

/** What was last read of a peer, and what its link remembers. */
interface PeerView {
  readonly peer: ModelMember
  index: ExportIndex | undefined
  /** Services of the last index that could be acted on. */
  accepted: ReadonlySet<string>
  services: ReadonlyMap<string, ExportedService>
  chunks: ReadonlyMap<string, ExportedEndpoints>
  readonly remembered: Map<string, MemberExport>
}

/** One member: gathers from its objects, asks core, writes the difference. All in one turn. */
export class ModelMember {
  id: string
  readonly local: LocalApi
  isReachable = true
  /** Its API server takes no writes to the exchange. */
  isExchangeClosed = false
  #isRunning = true
  #highestWritten = 0
  /** What its Lease would say. */
  #aliveAt = 0
  readonly #options: ModelMemberOptions
  readonly #views = new Map<string, PeerView>()

  constructor(options: ModelMemberOptions) {
    this.id = options.id
    this.local = options.local
    this.#options = options
  }

  /** The other members of its ClusterSet, and nobody else. */
  meet(members: readonly ModelMember[]): void {
    this.#views.clear()
    for (const peer of members) if (peer !== this) this.#views.set(peer.id, this.#forgotten(peer))
  }

  /** What a process knew is gone; the highest sequences are kept in ConfigMaps. */
  stop(): void {
    this.#isRunning = false
  }

  start(): void {
    this.#isRunning = true
    // After a long silence the store may be one that was restored: the index is written anew (docs/adr/0008).
    const wasSilent = this.#options.now() - this.#aliveAt > LEASE_DURATION_MS
    this.#highestWritten = wasSilent ? (this.#index()?.spec.sequence ?? 0) + 1 : 0
    for (const { peer } of [...this.#views.values()]) this.#views.set(peer.id, this.#forgotten(peer))
  }

  wipeExchange(): void {
    for (const type of [EXPORTED_SERVICES, EXPORTED_ENDPOINTS, EXPORT_INDEXES] as ResourceType[]) {
      for (const { metadata } of this.#list(type, EXCHANGE_NAMESPACE)) this.#remove(type, metadata)
    }
  }

  /** Records first, then the index; withdrawals the other way round. */
  publish(): void {
    if (!this.#works || this.isExchangeClosed || !this.#hasExchange) return
    this.#aliveAt = this.#options.now()
    this.#claimName()
    const records = new Map<string, ExportRecord>()
    for (const { metadata } of this.#list<ServiceExport>(SERVICE_EXPORTS)) {
      const key = serviceKey(metadata.namespace ?? '', metadata.name ?? '')
      const record = this.#ownRecord(key)
      if (record !== undefined) records.set(key, record)
    }
    const wanted = new Map<string, KubernetesObject & { spec: unknown }>()
    for (const [key, { spec, chunks }] of records) {
      for (const [name, chunk] of chunks)
        wanted.set(`ExportedEndpoints ${name}`, published('ExportedEndpoints', name, chunk))
      const { namespace = '', name = '' } = splitServiceKey(key) ?? {}
      const record = recordName(namespace, name)
      wanted.set(`ExportedService ${record}`, published('ExportedService', record, spec))
    }
    for (const type of [EXPORTED_ENDPOINTS, EXPORTED_SERVICES] as ResourceType<
      KubernetesObject & { spec: unknown }
    >[]) {
      for (const object of wanted.values()) if (object.kind === type.kind) this.#store(type, object)
    }
    this.#publishIndex(new Set(records.keys()))
    for (const type of [EXPORTED_SERVICES, EXPORTED_ENDPOINTS] as ResourceType[]) {
      for (const { metadata } of this.#list(type, EXCHANGE_NAMESPACE)) {
        if (!wanted.has(`${type.kind} ${metadata.name}`)) this.#remove(type, metadata)
      }
    }
  }

  /** Reads every peer's exchange that can be reached. */
  read(): void {
    if (!this.#works) return
    for (const view of this.#views.values()) {
      if (!view.peer.isReadable) continue
      view.index = view.peer.#index()
      view.services = new Map(
        view.peer.#list<ExportedService>(EXPORTED_SERVICES, EXCHANGE_NAMESPACE).map(named),
      )
      view.chunks = new Map(
        view.peer.#list<ExportedEndpoints>(EXPORTED_ENDPOINTS, EXCHANGE_NAMESPACE).map(named),
      )
      if (view.index === undefined || objectionToIndex(this.#indexView(view)) !== undefined) continue
      view.accepted = new Set(view.index.spec.services.filter(isServiceKey))
      const { sequence } = view.index.spec
      if (sequence > this.#highest(view.peer.id)) this.#remember(view.peer.id, sequence)
    }
  }

  import(): void {
    if (!this.#works) return
    const { families, reservedPrefixes, now } = this.#options
    for (const key of this.#services()) {
      const { namespace = '', name = '' } = splitServiceKey(key) ?? {}
      const contributions = this.#contributions(key)
      const found = this.local.get(NAMESPACES, undefined, namespace) as unknown as Namespace | undefined
      if (found !== undefined && found.metadata.deletionTimestamp === undefined) {
        const { id: clusterId, local } = this
        importService({
          clusterId,
          local,
          namespace,
          name,
          contributions,
          supportedFamilies: families,
          reservedPrefixes,
          now: rfc3339(now()),
        })
      }
      this.#writeConditions(key, contributions)
    }
  }

  links(): readonly LinkLine[] {
    return [...this.#views.values()].map(view => {
      const objection = objectionToIndex(this.#indexView(view))
      const clusterId = view.peer.id
      if (view.index !== undefined && objection !== undefined)
        return { clusterId, state: 'refused', reason: objection }
      return objection === undefined && view.peer.isReadable
        ? { clusterId, state: 'connected' }
        : { clusterId, state: 'degraded', reason: objection ?? 'it cannot be reached' }
    })
  }

  /** Whether peers can read its exchange. A kind that is not served is no empty list. */
  get isReadable(): boolean {
    return this.isReachable && this.#hasExchange
  }

  get #hasExchange(): boolean {
    return EXCHANGE_KINDS.every(type => this.#isServed(type))
  }

  #isServed(type: ResourceType): boolean {
    return this.#options.isServed(type)
  }

  get #works(): boolean {
    return this.#isRunning && this.isReachable
  }

  #forgotten(peer: ModelMember): PeerView {
    return {
      peer,
      index: undefined,
      accepted: new Set(),
      services: new Map(),
      chunks: new Map(),
      remembered: new Map(),
    }
  }

  /** KEP-2149: a cluster's id is in its ClusterProperty while it is a member. */
  #claimName(): void {
    if (this.local.get(CLUSTER_PROPERTIES, undefined, PROPERTY_CLUSTER_ID) !== undefined) return
    this.local.create(CLUSTER_PROPERTIES, {
      metadata: { name: PROPERTY_CLUSTER_ID },
      spec: { value: this.id },
    })
  }

  #ownRecord(key: string): ExportRecord | undefined {
    const { serviceExport, service, validity } = this.#ownExport(key)
    if (serviceExport === undefined || service === undefined || !validity.valid) return undefined
    const { namespace, name } = service.metadata
    const slices = this.#list<EndpointSlice>(ENDPOINT_SLICES, namespace).filter(
      ({ metadata: { labels } }) =>
        labels?.[LABEL_KUBERNETES_SERVICE_NAME] === name && labels?.[LABEL_SLICE_MANAGED_BY] !== MANAGER,
    )
    return recordOf(serviceExport, service, slices)
  }

  #ownExport(key: string): { serviceExport?: ServiceExport; service?: Service; validity: Validity } {
    const { namespace = '', name = '' } = splitServiceKey(key) ?? {}
    const get = <T>(type: ResourceType) => this.local.get(type, namespace, name) as T | undefined
    const serviceExport = get<ServiceExport>(SERVICE_EXPORTS)
    const service = get<Service>(SERVICES)
    return {
      ...(serviceExport && { serviceExport }),
      ...(service && { service }),
      validity: validityOf(service, name),
    }
  }

  #publishIndex(wanted: ReadonlySet<string>): void {
    const spec = nextIndex({
      clusterId: this.id,
      stored: this.#index(),
      wanted,
      published: wanted,
      highestWritten: this.#highestWritten,
      now: this.#options.now(),
    })
    if (spec === undefined) return
    this.#store(EXPORT_INDEXES, published('ExportIndex', EXPORT_INDEX_NAME, spec) as ExportIndex)
    this.#highestWritten = spec.sequence
  }

  #index(): ExportIndex | undefined {
    return this.local.get(EXPORT_INDEXES, EXCHANGE_NAMESPACE, EXPORT_INDEX_NAME) as unknown as
      | ExportIndex
      | undefined
  }

  #indexView({ peer, index }: PeerView) {
    return { clusterId: peer.id, index, highestSequence: this.#highest(peer.id) }
  }

  #highest(peer: string): number {
    const stored = this.local.get(CONFIG_MAPS, AGENT_NAMESPACE, `link-${peer}`) as
      | { data?: Record<string, string> }
      | undefined
    return Number(stored?.data?.highestSequence ?? 0)
  }

  #remember(peer: string, sequence: number): void {
    const metadata = { namespace: AGENT_NAMESPACE, name: `link-${peer}` }
    const object = { metadata, data: { highestSequence: String(sequence) } }
    const isThere = this.local.get(CONFIG_MAPS, AGENT_NAMESPACE, metadata.name) !== undefined
    if (isThere) this.local.patch(CONFIG_MAPS, AGENT_NAMESPACE, metadata.name, { data: object.data })
    else this.local.create(CONFIG_MAPS, object)
  }

  #contributions(key: string): ReadonlyMap<string, Contribution> {
    const contributions = new Map<string, Contribution>([[this.id, this.#ownContribution(key)]])
    for (const view of this.#views.values()) {
      const contribution = contributionOf(
        key,
        {
          ...this.#indexView(view),
          record: name => view.services.get(name),
          chunk: name => view.chunks.get(name),
          remembered: service => view.remembered.get(service),
        },
        view.accepted,
      )
      if (contribution.kind === 'present') view.remembered.set(key, contribution.export)
      else if (contribution.kind === 'absent') view.remembered.delete(key)
      contributions.set(view.peer.id, contribution)
    }
    return contributions
  }

  #ownContribution(key: string): Contribution {
    const record = this.#ownRecord(key)
    const checked = record === undefined ? undefined : checkRecord(record.spec)
    if (record === undefined || checked?.value === undefined) return { kind: 'absent' }
    return {
      kind: 'present',
      export: { clusterId: this.id, spec: checked.value, chunks: record.chunks },
      refusals: checked.refusals,
    }
  }

  #writeConditions(key: string, contributions: ReadonlyMap<string, Contribution>): void {
    const { serviceExport, validity } = this.#ownExport(key)
    if (serviceExport === undefined) return
    const conflicts = conflictsAmong(knownExports(contributions))
    const isSilent = [...contributions.values()].some(c => c.kind === 'unknown' && c.remembered === undefined)
    const stands = serviceExport.status?.conditions?.some(c => c.type === 'Conflict' && c.status === 'True')
    const conditions = nextExportConditions({
      serviceExport,
      validity,
      published: this.#publication(key),
      conflicts: isSilent && stands && conflicts.length === 0 ? undefined : conflicts,
      now: rfc3339(this.#options.now()),
    })
    if (conditions !== undefined) {
      const status = { ...serviceExport.status, conditions }
      this.local.updateStatus(SERVICE_EXPORTS, { ...serviceExport, status } as unknown as LocalObject)
    }
  }

  #publication(key: string): Publication {
    const record = this.#ownRecord(key)
    const refusal = record === undefined ? undefined : checkRecord(record.spec)
    if (refusal !== undefined && refusal.value === undefined)
      return { done: false, failed: true, why: `no member accepts it: ${refusal.refusals[0]?.message}` }
    const { namespace = '', name = '' } = splitServiceKey(key) ?? {}
    const isStored = this.local.get(EXPORTED_SERVICES, EXCHANGE_NAMESPACE, recordName(namespace, name))
    if (isStored === undefined) return { done: false, why: 'the record is not stored in the exchange yet' }
    const isNamed = this.#index()?.spec.services.includes(key)
    const without = refusal?.refusals
      .map(({ rule, message }) => `${rule}: ${message}`)
      .slice(0, 3)
      .join('; ')
    return isNamed
      ? { done: true, without: without || undefined }
      : { done: false, why: 'the index does not name the record yet' }
  }

  /** Keys of all services that anybody has anything of. */
  #services(): ReadonlySet<string> {
    const keys = new Set<string>()
    for (const type of [SERVICE_EXPORTS, SERVICE_IMPORTS]) {
      for (const { metadata } of this.#list<ServiceExport | ServiceImport>(
        type as ResourceType<ServiceImport>,
      ))
        keys.add(serviceKey(metadata.namespace ?? '', metadata.name ?? ''))
    }
    for (const type of [SERVICES, ENDPOINT_SLICES] as ResourceType[]) {
      for (const { metadata } of this.#list(type)) {
        const name = metadata.labels?.[LABEL_SERVICE_NAME]
        if (name !== undefined) keys.add(serviceKey(metadata.namespace ?? '', name))
      }
    }
    for (const { accepted } of this.#views.values()) for (const key of accepted) keys.add(key)
    return keys
  }

  /** What has no kind is not there: a ServiceExport CRD that is deleted takes the exports with it. */
  #list<T extends KubernetesObject>(type: ResourceType<T>, namespace?: string): readonly T[] {
    if (!this.#isServed(type)) return []
    return this.local.list(type, namespace) as unknown as readonly T[]
  }

  #remove(type: ResourceType, { namespace, name = '' }: KubernetesObject['metadata']): void {
    this.local.delete(type, namespace, name)
  }

  #store<T extends KubernetesObject & { spec: unknown }>(type: ResourceType<T>, object: T): void {
    const { namespace, name = '' } = object.metadata
    const stored = this.local.get(type, namespace, name) as unknown as T | undefined
    if (stored === undefined) this.local.create(type, object as unknown as LocalObject)
    else if (JSON.stringify(stored.spec) !== JSON.stringify(object.spec))
      this.local.update(type, { ...object, metadata: stored.metadata } as unknown as LocalObject)
  }
}

function named<T extends KubernetesObject>(object: T): [string, T] {
  return [object.metadata.name ?? '', object]
}

function published<T>(kind: string, name: string, spec: T): KubernetesObject & { spec: T } {
  return { apiVersion: 'isthmus.dev/v1alpha1', kind, metadata: { namespace: EXCHANGE_NAMESPACE, name }, spec }
}

function rfc3339(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
}
