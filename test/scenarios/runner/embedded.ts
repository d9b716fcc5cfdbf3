import { installInto } from '@isthmus/agent'
import {
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  ISTHMUS_GROUP,
  type KubernetesObject,
  type ResourceType,
} from '@isthmus/api'
import { ApiServer, effects } from '@isthmus/apiserver'
import { connect, staticCredentials } from '@isthmus/kube'
import { Calls } from '../../fixtures/granted-calls.ts'
import { AGENT, AgentClusters, READER } from './agent-clusters.ts'
import { knowOnly, liftLimits, olderDefinition } from './other-releases.ts'
import type { MemberSpec, ServerAction } from './scenario.ts'

/** When the clocks of embedded clusters start. */
export const EPOCH = Date.parse('2026-01-01T00:00:00Z')

/** What agents have asked of the API servers of this process: of their own, and of those of others. */
export const calls = { agents: new Calls(), readers: new Calls() }

interface EmbeddedServer {
  readonly server: ApiServer
  remembered?: ReturnType<ApiServer['faults']['snapshot']>
  outage?: { remove(): void }
}

/** Ranges of ClusterSetIPs, another for each member. */
export function serviceCIDRs({ families }: MemberSpec, index: number): string[] {
  return families.map(family =>
    family === 'IPv4' ? `10.${90 + index}.0.0/16` : `fd00:10:${90 + index}::/112`,
  )
}

/** Embedded API servers under one clock that moves only when it is told to. */
export class EmbeddedClusters extends AgentClusters {
  readonly pollMs = 15
  readonly #servers = new Map<string, EmbeddedServer>()
  #now = EPOCH

  static async start(members: Readonly<Record<string, MemberSpec>>): Promise<EmbeddedClusters> {
    const clusters = new EmbeddedClusters()
    try {
      await Promise.all(
        Object.entries(members).map(([id, spec], index) => clusters.#addServer(id, spec, index)),
      )
      await clusters.startAgents()
      return clusters
    } catch (error) {
      await clusters.close()
      throw error
    }
  }

  apiServer(id: string): ApiServer {
    return this.#embedded(id).server
  }

  /** Read past HTTP: what is expected is looked for often. */
  override async list(
    id: string,
    type: ResourceType,
    namespace?: string,
  ): Promise<readonly KubernetesObject[]> {
    const { registry, local } = this.apiServer(id)
    const preferred = registry.preferred(type)
    if (preferred === undefined) return []
    if (preferred.version !== type.version && preferred.group !== 'events.k8s.io')
      return super.list(id, type, namespace)
    return local.list(type, namespace) as unknown as readonly KubernetesObject[]
  }

  async server(id: string, action: ServerAction): Promise<void> {
    const embedded = this.#embedded(id)
    const { faults, local } = embedded.server
    switch (action) {
      case 'stop':
        embedded.outage = faults.add({ effect: effects.disconnect() })
        // Watches end with a restore, of whatever state.
        faults.restore(faults.snapshot())
        break
      case 'start':
        embedded.outage?.remove()
        delete embedded.outage
        break
      case 'wipe exchange':
        for (const type of [EXPORTED_SERVICES, EXPORTED_ENDPOINTS, EXPORT_INDEXES]) {
          for (const { metadata } of local.list(type, EXCHANGE_NAMESPACE))
            local.delete(type, EXCHANGE_NAMESPACE, metadata.name)
        }
        break
      case 'remember state':
        embedded.remembered = faults.snapshot()
        break
      case 'restore state':
        if (embedded.remembered === undefined) throw new Error('no state is remembered')
        faults.restore(embedded.remembered)
        break
      case 'lift limits':
        await liftLimits(embedded.server)
        break
      case 'install':
        await installInto(this.member(id).client)
        break
      case 'refuse exchange':
        embedded.outage = faults.add({
          match: attributes =>
            'group' in attributes &&
            attributes.group === ISTHMUS_GROUP &&
            !['get', 'list', 'watch'].includes(attributes.verb),
          effect: effects.refuse(503, { message: 'the exchange is closed' }),
        })
        break
      case 'accept exchange':
        embedded.outage?.remove()
        delete embedded.outage
        break
      case 'forget history':
        faults.expireHistory()
        faults.restore(faults.snapshot())
        break
    }
  }

  async clock(seconds: number): Promise<void> {
    this.#now += seconds * 1000
  }

  override async close(): Promise<void> {
    await super.close()
    await Promise.all([...this.#servers.values()].map(({ server }) => server.close()))
  }

  protected now(): number {
    return this.#now
  }

  protected isReachable(id: string): boolean {
    return this.#embedded(id).outage === undefined
  }

  #embedded(id: string): EmbeddedServer {
    const embedded = this.#servers.get(id)
    if (embedded === undefined) throw new Error(`there is no cluster ${id}`)
    return embedded
  }

  async #addServer(id: string, spec: MemberSpec, index: number): Promise<void> {
    const server = new ApiServer({ serviceCIDRs: serviceCIDRs(spec, index), now: () => new Date(this.#now) })
    if (spec.trafficDistribution !== undefined) knowOnly(server, spec.trafficDistribution)
    const { url } = await server.listen()
    this.#servers.set(id, { server })
    const open = (userAgent?: string) => connect(staticCredentials({ server: url }), { userAgent })
    calls.agents.watch(server, request => request.headers['user-agent'] === AGENT)
    calls.readers.watch(server, request => request.headers['user-agent'] === READER)
    const client = open()
    if (spec.withoutFields.length > 0) server.local.create(...olderDefinition(spec.withoutFields))
    await installInto(client)
    this.add({ id, client, connect: open, reservedPrefixes: spec.reservedPrefixes })
  }
}
