/** Members of a ClusterSet as people make one: joined to a registry, agents with no more rights than installed. */
import { Agent, accessOf, initRegistry, joinClusterSet, relinkCluster } from '@isthmus/agent'
import { AGENT_NAMESPACE, ENDPOINT_SLICES, NAMESPACES, SERVICE_EXPORTS, SERVICES } from '@isthmus/api'
import type { ApiServer } from '@isthmus/apiserver'
import { type ClusterClient, staticCredentials } from '@isthmus/kube'
import { pino } from 'pino'
import { type SecuredCluster, securedCluster } from '../fixtures/secured-cluster.ts'
import { until } from '../fixtures/until.ts'

const log = pino({ level: process.env.ISTHMUS_TEST_LOG ?? 'silent' })

export const CLUSTERSET = 'prod'
export const REGISTRY = 'hub'
export const REGISTRY_NAMESPACE = `clusterset-${CLUSTERSET}`

export interface RunningMember extends SecuredCluster {
  readonly id: string
  agent: Agent | undefined
}

/** The clock by which credentials age is one, which only tests move. `stop` it in every case. */
export class RunningSet {
  readonly members = new Map<string, RunningMember>()
  #registry: SecuredCluster | undefined
  #emptyRegistry: ReturnType<ApiServer['faults']['snapshot']> | undefined
  #now = Date.now()

  /** The first cluster is the registry alone; the others join it, one after the other, and their agents run. */
  static async start(...ids: string[]): Promise<RunningSet> {
    const set = new RunningSet()
    set.#registry = await securedCluster({ now: () => new Date(set.#now) })
    await initRegistry({ client: set.registry.client, clusterset: CLUSTERSET })
    set.#emptyRegistry = set.registry.server.faults.snapshot()
    await Promise.all(ids.map(id => set.addCluster(id)))
    for (const id of ids) {
      await set.join(id)
      await set.startAgent(id)
    }
    return set
  }

  get registry(): SecuredCluster {
    if (this.#registry === undefined) throw new Error('there is no registry')
    return this.#registry
  }

  /** As from a backup that was made before anybody joined. */
  restoreRegistry(): void {
    if (this.#emptyRegistry !== undefined) this.registry.server.faults.restore(this.#emptyRegistry)
  }

  get now(): number {
    return this.#now
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Passes a little time, again and again, until it holds: what is done now and then is done. */
  async eventually<T>(what: string, condition: () => T | Promise<T>): ReturnType<typeof until<T>> {
    return until(what, () => {
      this.pass(1_000)
      return condition()
    })
  }

  member(id: string): RunningMember {
    const member = this.members.get(id)
    if (member === undefined) throw new Error(`there is no member ${id}`)
    return member
  }

  async addCluster(id: string): Promise<void> {
    const cluster = await securedCluster({ now: () => new Date(this.#now) })
    this.members.set(id, { ...cluster, id, agent: undefined })
  }

  async join(id: string): Promise<void> {
    const member = this.member(id)
    await joinClusterSet({
      client: member.client,
      registry: this.registry.client,
      clusterId: id,
      access: await accessOf(credentialsOf(member)),
      registryAccess: await accessOf(credentialsOf(this.registry)),
    })
  }

  /** As `isthmus relink` does. */
  async relink(id: string, options: { peer?: string; accept?: boolean } = {}): Promise<void> {
    await relinkCluster({
      client: this.member(id).client,
      registry: this.registry.client,
      registryAccess: await accessOf(credentialsOf(this.registry)),
      ...options,
    })
  }

  async startAgent(id: string): Promise<Agent> {
    const member = this.member(id)
    const token = await longToken(member.client, AGENT_NAMESPACE, 'isthmus-agent')
    member.agent = new Agent({
      clusterId: id,
      clusterset: CLUSTERSET,
      client: member.connect(token),
      peers: [],
      log: log.child({ cluster: id }),
      membership: { clock: () => this.#now, lookEveryMs: 50 },
    })
    await member.agent.start()
    return member.agent
  }

  async stopAgent(id: string): Promise<void> {
    const member = this.member(id)
    await member.agent?.stop()
    member.agent = undefined
  }

  /** Every agent reads every other member. */
  async linked(...ids: string[]): Promise<void> {
    for (const id of ids) {
      await until(`${id} reads ${ids}`, () => {
        const links = this.link(id)
        return ids.every(peer => peer === id || links[peer] === 'connected') || undefined
      }).catch(error => {
        throw new Error(`${error.message}: ${JSON.stringify(this.link(id))}`, { cause: error })
      })
    }
  }

  /** How a member sees its peers: `connected`, or state and reason. */
  link(id: string): Record<string, string> {
    const { links = [] } = this.member(id).agent?.status() ?? {}
    return Object.fromEntries(
      links.map(link => [
        link.clusterId,
        link.reason === undefined ? link.state : `${link.state}: ${link.reason}`,
      ]),
    )
  }

  async export(id: string, name: string, address: string): Promise<void> {
    const { client } = this.member(id)
    const metadata = { namespace: 'demo', name }
    const spec = { ports: [{ name: 'http', port: 80 }] }
    await client.create(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata, spec })
    await client.create(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    })
    await client.create(SERVICE_EXPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata,
    })
  }

  async namespace(...ids: string[]): Promise<void> {
    for (const id of ids) {
      const metadata = { name: 'demo' }
      await this.member(id).client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata })
    }
  }

  /** `source cluster: addresses` of what is imported of a service. */
  async reached(id: string, name: string): Promise<string[]> {
    const { items } = await this.member(id).client.list(ENDPOINT_SLICES, {
      namespace: 'demo',
      labelSelector: `multicluster.kubernetes.io/service-name=${name}`,
    })
    return items
      .flatMap(({ metadata, endpoints }) =>
        (endpoints ?? []).flatMap(({ addresses }) =>
          addresses.map(
            address => `${metadata.labels?.['multicluster.kubernetes.io/source-cluster']}: ${address}`,
          ),
        ),
      )
      .sort()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.members.keys()].map(id => this.stopAgent(id)))
    await Promise.all([...this.members.values()].map(member => member.close()))
    await this.#registry?.close()
  }
}

/** In a cluster, a kubelet would renew it. */
async function longToken(client: ClusterClient, namespace: string, account: string): Promise<string> {
  const { body } = await client.raw(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ spec: { expirationSeconds: 90 * 24 * 3600 } }),
  })
  return (JSON.parse(body) as { status: { token: string } }).status.token
}

function credentialsOf({ url, certificateAuthority }: SecuredCluster) {
  return staticCredentials({ server: url, tls: { ca: certificateAuthority } })
}
