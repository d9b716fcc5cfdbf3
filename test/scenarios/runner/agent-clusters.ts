import { Agent, type LinkStatus } from '@isthmus/agent'
import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { type ClusterClient, isNotFound } from '@isthmus/kube'
import { pino } from 'pino'
import { until } from '../../fixtures/until.ts'
import type { Clusters } from './clusters.ts'
import { DnsServers } from './dns-answers.ts'
import { typeOf } from './kinds.ts'
import type { ServerAction } from './scenario.ts'

const log = pino({ level: process.env.ISTHMUS_TEST_LOG ?? 'silent' })

/** Who asks, for those who look what agents do. */
export const AGENT = 'isthmus-agent'
export const READER = 'isthmus-reader'

/** Field manager of what scenarios write: not the agents'. */
const PERSON = 'a-person'

export interface AgentMember {
  readonly id: string
  /** The test's own; the agent has others, so that each can be broken alone. */
  readonly client: ClusterClient
  readonly reservedPrefixes?: readonly string[] | undefined
  /** By the name given, servers know whose requests they are. */
  connect(userAgent?: string): ClusterClient
}

/** Clusters with an API server each, and an agent for each in this process. */
export abstract class AgentClusters implements Clusters {
  abstract readonly pollMs: number
  readonly #members = new Map<string, AgentMember>()
  readonly #agents = new Map<string, { agent: Agent; clients: readonly ClusterClient[] }>()
  /** Cluster ids of members that were renamed. */
  readonly #renamed = new Map<string, string>()
  readonly #dns = new DnsServers(id => this.member(id).connect())

  abstract server(cluster: string, action: ServerAction): Promise<void>
  abstract clock(seconds: number): Promise<void>
  /** Milliseconds. */
  protected abstract now(): number
  protected abstract isReachable(cluster: string): boolean

  protected add(member: AgentMember): void {
    this.#members.set(member.id, member)
  }

  protected member(id: string): AgentMember {
    const member = this.#members.get(id)
    if (member === undefined) throw new Error(`there is no cluster ${id}`)
    return member
  }

  async create(id: string, object: KubernetesObject): Promise<void> {
    await this.member(id).client.create(typeOf(object), object, { fieldManager: PERSON })
  }

  async patch(
    id: string,
    { apiVersion: _, kind, metadata, ...fields }: KubernetesObject,
    subresource?: string,
  ) {
    const { name = '', namespace, ...rest } = metadata
    const patch = { ...fields, ...(Object.keys(rest).length === 0 ? {} : { metadata: rest }) }
    await this.member(id).client.patch(typeOf({ kind }), name, namespace, patch, {
      subresource,
      fieldManager: PERSON,
    })
  }

  async delete(id: string, object: KubernetesObject): Promise<void> {
    const { name = '', namespace } = object.metadata
    await this.member(id).client.delete(typeOf(object), name, namespace)
  }

  async list(id: string, type: ResourceType, namespace?: string): Promise<readonly KubernetesObject[]> {
    const listed = this.member(id).client.list(type, { namespace })
    return listed.then(
      ({ items }) => items,
      error => {
        if (isNotFound(error)) return []
        throw error
      },
    )
  }

  async agent(id: string, action: 'stop' | 'start' | 'restart'): Promise<void> {
    if (action !== 'start') await this.#stopAgent(id)
    if (action !== 'stop') await this.#startAgent(id)
  }

  async rename(id: string, clusterId: string): Promise<void> {
    await Promise.all([...this.#members.keys()].map(member => this.#stopAgent(member)))
    this.#renamed.set(id, clusterId)
    await this.startAgents()
  }

  links(id: string): readonly LinkStatus[] {
    return this.#agents.get(id)?.agent.status().links ?? []
  }

  answer(id: string, question: string): Promise<readonly string[] | string> {
    return this.#dns.answer(id, question)
  }

  /** Starts all agents that do not run. */
  async startAgents(): Promise<void> {
    const stopped = [...this.#members.keys()].filter(id => !this.#agents.has(id))
    await Promise.all(stopped.map(id => this.#startAgent(id)))
  }

  async close(): Promise<void> {
    await this.#dns.close()
    await Promise.all([...this.#agents.keys()].map(id => this.#stopAgent(id)))
    await Promise.all([...this.#members.values()].map(({ client }) => client.close()))
  }

  /** Resolves when the agent has listed everything that it can reach. */
  async #startAgent(id: string): Promise<void> {
    const client = this.member(id).connect(AGENT)
    const peers = [...this.#members.values()]
      .filter(peer => peer.id !== id)
      .map(peer => ({ clusterId: this.#clusterIdOf(peer.id), client: peer.connect(READER) }))
    const agent = new Agent({
      clusterId: this.#clusterIdOf(id),
      clusterset: 'test',
      reservedPrefixes: this.member(id).reservedPrefixes,
      client,
      peers,
      log,
      clock: () => this.now(),
    })
    this.#agents.set(id, { agent, clients: [client, ...peers.map(peer => peer.client)] })
    await agent.start()
    await until(`the agent of ${id} is ready`, () => agent.ready)
    const reachable = [...this.#members.keys()]
      .filter(peer => this.isReachable(peer))
      .map(peer => this.#clusterIdOf(peer))
    await until(`the agent of ${id} has read its peers`, () =>
      agent.status().links.every(link => link.state !== 'connecting' || !reachable.includes(link.clusterId)),
    )
  }

  #clusterIdOf(id: string): string {
    return this.#renamed.get(id) ?? id
  }

  async #stopAgent(id: string): Promise<void> {
    const running = this.#agents.get(id)
    this.#agents.delete(id)
    await running?.agent.stop()
    await Promise.all((running?.clients ?? []).map(client => client.close()))
  }
}
