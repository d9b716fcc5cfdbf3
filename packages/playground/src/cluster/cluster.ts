/**
 * One cluster of a playground: an API server, nodes that run pods, a service proxy, and, while it is a member
 * of a ClusterSet, an agent and a DNS server. It can be stopped and started again: its addresses and its data
 * stay.
 */
import { AGENT_NAME, Agent, accessOf, type JoinOptions, joinClusterSet } from '@isthmus/agent'
import {
  AGENT_NAMESPACE,
  CLUSTER_PROPERTIES,
  ENDPOINT_SLICES,
  NODES,
  type ObjectMeta,
  PODS,
  PROPERTY_CLUSTER_ID,
  PROPERTY_CLUSTERSET,
  SERVICES,
} from '@isthmus/api'
import { ApiServer, type Kubeconfig } from '@isthmus/apiserver'
import { DnsServer } from '@isthmus/dns'
import { type Credentials, connect } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { ClusterAddresses } from '../addresses/address-plan.ts'
import type { ClusterAddress } from '../home/playground-state.ts'
import type { LogQuery } from '../kubelet/container-log.ts'
import { Kubelet } from '../kubelet/kubelet.ts'
import type { KubeletNode } from '../kubelet/pod.ts'
import { ServiceProxy } from '../service-proxy/service-proxy.ts'
import { accountCredentials } from './account.ts'
import { credentialsOf } from './kubeconfig.ts'
import { ensure, follow, LocalPodApi, listLocally } from './local-objects.ts'
import { clusterNodes, nodeObject, nodeStatus } from './nodes.ts'
import { probePod } from './probe-pod.ts'

export interface ClusterOptions {
  readonly name: string
  readonly addresses: ClusterAddresses
  readonly log: Logger
  /** Something that a snapshot shows may have changed. */
  readonly onChange: () => void
}

interface Identity {
  readonly clusterId: string
  readonly clusterset: string
}

export type ClusterState = 'stopped' | 'starting' | 'running' | 'stopping'

export class Cluster {
  readonly name: string
  readonly nodes: readonly KubeletNode[]
  readonly apiServer: ApiServer
  readonly #options: ClusterOptions
  #state: ClusterState = 'stopped'
  #address: ClusterAddress | undefined
  #kubeconfig: Kubeconfig | undefined
  #kubelet: Kubelet | undefined
  #proxy: ServiceProxy | undefined
  #agent: Agent | undefined
  /** How to end what runs, the last one first: of the cluster itself, and of what makes it a member. */
  readonly #running: (() => Promise<void> | void)[] = []
  readonly #member: (() => Promise<void> | void)[] = []
  /** Starting and stopping wait for each other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: ClusterOptions) {
    const { name, addresses } = options
    this.name = name
    this.nodes = clusterNodes(name, addresses.podCIDRs)
    this.#options = options
    this.apiServer = new ApiServer({
      serviceCIDRs: [addresses.serviceCIDR],
      tls: true,
      authorization: 'RBAC',
      runtime: { logs: (pod, query) => this.#logs(pod.metadata, query) },
    })
  }

  get state(): ClusterState {
    return this.#state
  }

  /** Where its servers listen, also while it is stopped; undefined before the first start. */
  get address(): ClusterAddress | undefined {
    return this.#address
  }

  /** For an administrator; undefined before the first start. */
  get kubeconfig(): Kubeconfig | undefined {
    return this.#kubeconfig
  }

  get kubelet(): Kubelet | undefined {
    return this.#kubelet
  }

  get proxy(): ServiceProxy | undefined {
    return this.#proxy
  }

  get agent(): Agent | undefined {
    return this.#agent
  }

  /** For an administrator. The cluster must have been started. */
  get admin(): Credentials {
    if (this.#kubeconfig === undefined) throw new TypeError(`cluster ${this.name} has not been started`)
    return credentialsOf(this.#kubeconfig)
  }

  /** Who it is as a member of a ClusterSet; undefined while it is none. */
  get identity(): Identity | undefined {
    const clusterId = this.#property(PROPERTY_CLUSTER_ID)
    const clusterset = this.#property(PROPERTY_CLUSTERSET)
    return clusterId === undefined || clusterset === undefined ? undefined : { clusterId, clusterset }
  }

  /** Brings up API server and nodes. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'stopped') return
      this.#become('starting')
      try {
        await this.#startApiServer()
        this.#startNodes()
        this.#become('running')
      } catch (error) {
        await this.#stopAll()
        throw error
      }
    })
  }

  /** What `isthmus join` does. */
  async join(registry: Pick<JoinOptions, 'registry' | 'registryAccess' | 'clusterset'>): Promise<void> {
    const { admin, name } = this
    const client = connect(admin)
    try {
      await joinClusterSet({ ...registry, client, clusterId: name, access: await accessOf(admin) })
    } finally {
      await client.close()
    }
  }

  /** Starts DNS server and agent of a running cluster, if it is a member and they do not run yet. */
  run(): Promise<void> {
    return this.#inTurn(async () => {
      const { identity } = this
      if (this.#state !== 'running' || this.#agent !== undefined || identity === undefined) return
      const credentials = accountCredentials(this.admin, AGENT_NAMESPACE, AGENT_NAME)
      try {
        await this.#startDns(credentials)
        await this.#startAgent(credentials, identity)
      } catch (error) {
        await this.#endAll(this.#member)
        throw error
      }
    })
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stopAll())
  }

  async #startApiServer(): Promise<void> {
    const port = this.#address === undefined ? 0 : Number(new URL(this.#address.server).port)
    await this.apiServer.listen({ port })
    this.#running.push(() => this.apiServer.close())
    this.#kubeconfig ??= await this.apiServer.kubeconfig({ cluster: this.name })
  }

  async #startAgent(credentials: Credentials, identity: Identity): Promise<void> {
    const { name, log } = this.#options
    const client = connect(credentials)
    const agent = new Agent({
      ...identity,
      client,
      peers: [],
      // The pods of a cluster that is stopped end with it: the others notice.
      lostMembers: { probes: probePod },
      log: log.child({ cluster: name }),
    })
    this.#agent = agent
    this.#member.push(async () => {
      this.#agent = undefined
      await agent.stop()
      await client.close()
    })
    await agent.start()
    // Told to by `isthmus leave`.
    void agent.left.then(() => this.#inTurn(() => this.#endAll(this.#member)))
  }

  async #startDns(credentials: Credentials): Promise<void> {
    const client = connect(credentials)
    const dns = new DnsServer({ client })
    this.#member.push(async () => {
      await dns.close()
      await client.close()
    })
    const address = await dns.listen({ port: this.#address?.dns.port ?? 0 })
    this.#address = { name: this.name, server: credentials.server, dns: address }
    await dns.whenSynced()
  }

  #property(name: string): string | undefined {
    if (this.apiServer.registry.preferred(CLUSTER_PROPERTIES) === undefined) return undefined
    const [property] = listLocally(this.apiServer.local, CLUSTER_PROPERTIES).filter(
      ({ metadata }) => metadata.name === name,
    )
    return property?.spec.value
  }

  #startNodes(): void {
    const { local } = this.apiServer
    for (const node of this.nodes) {
      const object = nodeObject(this.name, node)
      ensure(local, NODES, object)
      local.patch(NODES, undefined, node.name, { status: nodeStatus(node) }, { subresource: 'status' })
    }
    const { name, onChange, log } = this.#options
    const kubelet = new Kubelet({
      cluster: name,
      nodes: this.nodes,
      api: new LocalPodApi(local),
      onError: error => log.debug({ cluster: name, err: error }, 'the status of a pod was not written'),
    })
    const [first] = this.nodes
    const proxy = new ServiceProxy({ node: first ?? { name: '', zone: '' }, onChange })
    const ends = [
      follow(local, PODS, (key, pod) => {
        kubelet.podChanged(key, pod)
        onChange()
      }),
      follow(local, NODES, () => kubelet.nodesChanged()),
      follow(local, SERVICES, (key, service) => proxy.serviceChanged(key, service)),
      follow(local, ENDPOINT_SLICES, (key, slice) => proxy.sliceChanged(key, slice)),
    ]
    this.#kubelet = kubelet
    this.#proxy = proxy
    this.#running.push(async () => {
      for (const end of ends) end()
      await Promise.all([kubelet.stop(), proxy.stop()])
      this.#kubelet = undefined
      this.#proxy = undefined
    })
  }

  #logs({ namespace, name }: ObjectMeta, query: LogQuery & { container: string; previous: boolean }) {
    const log = this.#kubelet?.log(`${namespace}/${name}`, query.container, query.previous)
    if (log !== undefined) return log.read(query)
    const which = query.previous ? 'has not run before' : 'is not running'
    return [`container "${query.container}" in pod "${name}" ${which}\n`]
  }

  async #stopAll(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#become('stopping')
    await this.#endAll(this.#member)
    await this.#endAll(this.#running)
    this.#become('stopped')
  }

  async #endAll(parts: (() => Promise<void> | void)[]): Promise<void> {
    for (let end = parts.pop(); end !== undefined; end = parts.pop()) {
      try {
        await end()
      } catch (error) {
        // The rest has to end all the same.
        this.#options.log.error(
          { cluster: this.name, err: error },
          'a part of the cluster did not end in order',
        )
      }
    }
    this.#options.onChange()
  }

  #become(state: ClusterState): void {
    this.#state = state
    this.#options.onChange()
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
