/**
 * What clusters should end with by core's functions alone: no agent, no HTTP, no watch, no time that
 * passes. Objects lie in API servers that do not listen, for their defaults, addresses and validation.
 */
import { installObjects } from '@isthmus/agent'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  type KubernetesObject,
  NAMESPACES,
  type Namespace,
  type ResourceType,
  SERVICE_IMPORTS,
  type ServiceImport,
} from '@isthmus/api'
import { ApiServer, type LocalObject } from '@isthmus/apiserver'
import { until } from '../../fixtures/until.ts'
import type { Clusters, LinkLine } from './clusters.ts'
import { EPOCH, serviceCIDRs } from './embedded.ts'
import { KINDS, typeOf, WRITTEN_KINDS } from './kinds.ts'
import { ModelMember } from './model-member.ts'
import { olderDefinition } from './other-releases.ts'
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
    for (const { registry } of clusters.#servers.values())
      await until('every kind is served', () => KINDS.every(type => registry.preferred(type) !== undefined))
    return clusters
  }

  private constructor(members: Readonly<Record<string, MemberSpec>>) {
    for (const [index, [id, spec]] of Object.entries(members).entries()) {
      const server = new ApiServer({
        serviceCIDRs: serviceCIDRs(spec, index),
        now: () => new Date(this.#now),
      })
      if (spec.withoutFields.length > 0) server.local.create(...olderDefinition(spec.withoutFields))
      for (const { type, object } of installObjects().flat()) {
        if (server.registry.preferred(type) === undefined) continue
        if (server.local.get(type, object.metadata.namespace, object.metadata.name ?? '') === undefined)
          server.local.create(type, object as unknown as LocalObject)
      }
      this.#servers.set(id, server)
      const now = () => this.#now
      this.members.set(id, new ModelMember({ id, families: spec.families, local: server.local, now }))
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
    if (object.kind === 'Namespace') this.#emptyNamespace(id, name)
    local.delete(typeOf(object), namespace, name)
  }

  async list(id: string, type: ResourceType, namespace?: string): Promise<readonly KubernetesObject[]> {
    this.settle()
    return this.apiServer(id).local.list(type, namespace) as unknown as readonly KubernetesObject[]
  }

  async agent(id: string, action: 'stop' | 'start' | 'restart'): Promise<void> {
    this.settle()
    this.#isSettled = false
    if (action !== 'start') this.#member(id).stop()
    if (action !== 'stop') this.#member(id).start()
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
      case 'accept exchange':
      case 'install':
        throw new Error(`nothing of the model is told to ${action}`)
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

  /** What the namespace controller does. */
  #emptyNamespace(id: string, namespace: string): void {
    const { local } = this.apiServer(id)
    for (const type of WRITTEN_KINDS) {
      for (const { metadata } of local.list(type, namespace)) local.delete(type, namespace, metadata.name)
    }
    const found = local.get(NAMESPACES, undefined, namespace) as unknown as Namespace & { spec?: object }
    if (found?.spec !== undefined) {
      const finalized = { ...found, spec: { ...found.spec, finalizers: [] } }
      local.update(NAMESPACES, finalized as unknown as LocalObject, 'finalize' as never)
    }
  }

  #member(id: string): ModelMember {
    const member = this.members.get(id)
    if (member === undefined) throw new Error(`there is no cluster ${id}`)
    return member
  }
}
