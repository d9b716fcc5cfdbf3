/**
 * What clusters should end with by core's functions alone: no agent, no HTTP, no watch, no time that
 * passes. Objects lie in API servers that do not listen, for their defaults, addresses and validation.
 */
import { installObjects } from '@isthmus/agent'
import {
  apiVersionOf,
  ENDPOINT_SLICES,
  type EndpointSlice,
  type KubernetesObject,
  NAMESPACES,
  type ResourceType,
  SERVICE_IMPORTS,
  type ServiceImport,
} from '@isthmus/api'
import { ApiServer, type LocalObject } from '@isthmus/apiserver'
import { until } from '../../fixtures/until.ts'
import type { Clusters, LinkLine } from './clusters.ts'
import { EPOCH, serviceCIDRs } from './embedded.ts'
import { KINDS, typeOf } from './kinds.ts'
import { ModelMember } from './model-member.ts'
import { knowOnly, liftLimits, olderDefinition } from './other-releases.ts'
import type { MemberSpec, ServerAction } from './scenario.ts'
import { dnsAnswer } from './views.ts'

/** More rounds than any change needs to reach everybody: export, import, status, and once more. */
const MAX_ROUNDS = 12

export class ModelClusters implements Clusters {
  readonly pollMs = 0
  readonly members = new Map<string, ModelMember>()
  readonly #servers = new Map<string, ApiServer>()
  readonly #states = new Map<string, ReturnType<ApiServer['faults']['snapshot']>>()
  #now = EPOCH
  #isSettled = false

  /** Resolves when every kind is served, which takes a turn. */
  static async start(members: Readonly<Record<string, MemberSpec>>): Promise<ModelClusters> {
    const clusters = new ModelClusters(members)
    await clusters.#allServed()
    return clusters
  }

  private constructor(members: Readonly<Record<string, MemberSpec>>) {
    for (const [index, [id, spec]] of Object.entries(members).entries()) {
      const server = new ApiServer({
        serviceCIDRs: serviceCIDRs(spec, index),
        now: () => new Date(this.#now),
      })
      if (spec.trafficDistribution !== undefined) knowOnly(server, spec.trafficDistribution)
      if (spec.withoutFields.length > 0) server.local.create(...olderDefinition(spec.withoutFields))
      install(server)
      this.#servers.set(id, server)
      const isServed = (type: ResourceType) => server.registry.preferred(type) !== undefined
      const now = () => this.#now
      const { local } = server
      const { families, reservedPrefixes } = spec
      this.members.set(id, new ModelMember({ id, families, reservedPrefixes, local, isServed, now }))
    }
    for (const member of this.members.values()) member.meet([...this.members.values()])
  }

  apiServer(id: string): ApiServer {
    const server = this.#servers.get(id)
    if (server === undefined) throw new Error(`there is no cluster ${id}`)
    return server
  }

  async create(id: string, object: KubernetesObject): Promise<void> {
    this.#isSettled = false
    this.apiServer(id).local.create(typeOf(object), object as unknown as LocalObject)
  }

  async patch(
    id: string,
    { apiVersion: _, kind, metadata, ...fields }: KubernetesObject,
    subresource?: string,
  ) {
    this.#isSettled = false
    const { name = '', namespace, ...rest } = metadata
    const patch = { ...fields, ...(Object.keys(rest).length === 0 ? {} : { metadata: rest }) }
    const options = subresource === 'status' ? { subresource: 'status' as const } : {}
    this.apiServer(id).local.patch(typeOf({ kind }), namespace, name, patch as never, options)
  }

  async delete(id: string, object: KubernetesObject): Promise<void> {
    this.#isSettled = false
    const { name = '', namespace } = object.metadata
    const { local } = this.apiServer(id)
    local.delete(typeOf(object), namespace, name)
    if (object.kind === 'CustomResourceDefinition') await this.#definitionGone(id, name)
  }

  /** Versions are converted by their apiVersion alone, as the CRDs say (strategy None). */
  async list(id: string, type: ResourceType, namespace?: string): Promise<readonly KubernetesObject[]> {
    this.settle()
    const { local, registry } = this.apiServer(id)
    const preferred = registry.preferred(type)
    if (preferred === undefined) return []
    const objects = local.list(type, namespace) as unknown as readonly KubernetesObject[]
    if (preferred.version === type.version || preferred.group !== type.group) return objects
    return objects.map(object => ({ ...object, apiVersion: apiVersionOf(type) }))
  }

  async agent(id: string, action: 'stop' | 'start' | 'restart'): Promise<void> {
    this.settle()
    this.#isSettled = false
    if (action !== 'start') this.#member(id).stop()
    if (action !== 'stop') this.#member(id).start()
  }

  async rename(id: string, clusterId: string): Promise<void> {
    this.settle()
    this.#isSettled = false
    const members = [...this.members.values()]
    for (const member of members) member.stop()
    this.#member(id).id = clusterId
    for (const member of members) {
      member.meet(members)
      member.start()
    }
  }

  async server(id: string, action: ServerAction): Promise<void> {
    this.#isSettled = false
    const { faults } = this.apiServer(id)
    const member = this.#member(id)
    switch (action) {
      case 'stop':
        member.isReachable = false
        break
      case 'start':
        member.isReachable = true
        break
      case 'wipe exchange':
        member.wipeExchange()
        break
      case 'remember state':
        this.#states.set(id, faults.snapshot())
        break
      case 'restore state': {
        const state = this.#states.get(id)
        if (state === undefined) throw new Error('no state is remembered')
        faults.restore(state)
        break
      }
      case 'forget history':
        break
      case 'refuse exchange':
        member.isExchangeClosed = true
        break
      case 'accept exchange':
        member.isExchangeClosed = false
        break
      case 'lift limits':
        await liftLimits(this.apiServer(id))
        break
      case 'install':
        install(this.apiServer(id))
        await this.#allServed()
        break
    }
  }

  async clock(seconds: number): Promise<void> {
    this.#now += seconds * 1000
  }

  links(id: string): readonly LinkLine[] {
    this.settle()
    return this.#member(id).links()
  }

  /** By core's model of the zone. */
  async answer(id: string, question: string, namespace: string): Promise<readonly string[] | string> {
    const imports = await this.list(id, SERVICE_IMPORTS, namespace)
    const slices = await this.list(id, ENDPOINT_SLICES, namespace)
    return dnsAnswer(
      question,
      namespace,
      imports as readonly ServiceImport[],
      slices as readonly EndpointSlice[],
    )
  }

  /** Runs every member's reconciles until none of them writes anything. */
  settle(): void {
    if (this.#isSettled) return
    const revisions = () => [...this.#servers.values()].map(({ storage }) => storage.revision).join()
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = revisions()
      for (const id of this.members.keys()) this.#emptyNamespaces(id)
      for (const member of this.members.values()) member.publish()
      for (const member of this.members.values()) member.read()
      for (const member of this.members.values()) member.import()
      if (revisions() === before && round > 0) {
        this.#isSettled = true
        return
      }
    }
    throw new Error('writes never end')
  }

  /** What the namespace controller does: what has finalizers stays, and the namespace with it. */
  #emptyNamespaces(id: string): void {
    const { local, registry } = this.apiServer(id)
    for (const namespace of local.list(NAMESPACES)) {
      const { name, deletionTimestamp } = namespace.metadata
      if (deletionTimestamp === undefined) continue
      const inside = KINDS.filter(type => type.namespaced && registry.preferred(type) !== undefined)
      const left = () =>
        inside.flatMap(type => local.list(type, name).map(({ metadata }) => ({ type, metadata })))
      for (const { type, metadata } of left())
        if (metadata.deletionTimestamp === undefined) local.delete(type, name, metadata.name)
      if (left().length > 0) continue
      const spec = { ...(namespace as unknown as { spec?: object }).spec, finalizers: [] }
      local.update(NAMESPACES, { ...namespace, spec } as unknown as LocalObject, 'finalize')
    }
  }

  async #allServed(): Promise<void> {
    for (const { registry } of this.#servers.values())
      await until('every kind is served', () => KINDS.every(type => registry.preferred(type) !== undefined))
  }

  /** Its objects go with it, which takes a turn. */
  async #definitionGone(id: string, name: string): Promise<void> {
    const { registry } = this.apiServer(id)
    const type = KINDS.find(({ plural, group }) => `${plural}.${group}` === name)
    if (type !== undefined) await until(`${name} is gone`, () => registry.preferred(type) === undefined)
  }

  #member(id: string): ModelMember {
    const member = this.members.get(id)
    if (member === undefined) throw new Error(`there is no cluster ${id}`)
    return member
  }
}

/** What is missing of an installation, as far as the kinds are served. */
function install({ registry, local }: ApiServer): void {
  for (const { type, object } of installObjects().flat()) {
    if (registry.preferred(type) === undefined) continue
    const { namespace, name = '' } = object.metadata
    if (local.get(type, namespace, name) === undefined) local.create(type, object as unknown as LocalObject)
  }
}
