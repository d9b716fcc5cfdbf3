/**
 * One cluster of a playground: an API server, nodes that run pods, a service proxy, an agent and a DNS
 * server. It can be stopped and started again: its addresses and its data stay.
 */
import { Agent, installInto } from '@isthmus/agent'
import { ENDPOINT_SLICES, NODES, type ObjectMeta, PODS, SERVICES } from '@isthmus/api'
import { ApiServer, type Kubeconfig } from '@isthmus/apiserver'
import { DnsServer } from '@isthmus/dns'
import { type ClusterClient, type Credentials, connect } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { ClusterAddresses } from '../addresses/address-plan.ts'
import type { ClusterAddress } from '../home/playground-state.ts'
import type { LogQuery } from '../kubelet/container-log.ts'
import { Kubelet } from '../kubelet/kubelet.ts'
import type { KubeletNode } from '../kubelet/pod.ts'
import { ServiceProxy } from '../service-proxy/service-proxy.ts'
import { type ClusterAccess, requestAccess } from './access.ts'
import { credentialsOf } from './kubeconfig.ts'
import { ensure, follow, LocalPodApi } from './local-objects.ts'
import { clusterNodes, nodeObject, nodeStatus } from './nodes.ts'

export interface ClusterOptions {
  readonly name: string
  readonly clusterset: string
  readonly addresses: ClusterAddresses
  readonly log: Logger
  /** Something that a snapshot shows may have changed. */
  readonly onChange: () => void
}

/** Of another cluster: what this one's agent needs to be its peer. */
export interface Peer {
  readonly name: string
  readonly reader: Credentials
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
  #access: ClusterAccess | undefined
  #kubelet: Kubelet | undefined
  #proxy: ServiceProxy | undefined
  #agent: Agent | undefined
  /** How to end what runs, the last one first. */
  readonly #running: (() => Promise<void> | void)[] = []
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

  /** What peers read it with; undefined before the first start. */
  get reader(): Credentials | undefined {
    return this.#access?.reader
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

  /** Brings up everything but the agent, which may need peers that are being started too: see {@link join}. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'stopped') return
      this.#become('starting')
      try {
        await this.#startServers()
        this.#become('running')
      } catch (error) {
        await this.#stopAll()
        throw error
      }
    })
  }

  /** Starts the agent of a running cluster. */
  join(peers: readonly Peer[]): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state === 'running' && this.#agent === undefined) await this.#startAgent(peers)
    })
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stopAll())
  }

  async #startServers(): Promise<void> {
    const admin = await this.#startApiServer()
    this.#startNodes()
    const client = connect(admin)
    try {
      await installInto(client)
      this.#access ??= await requestAccess(admin)
    } finally {
      await client.close()
    }
    await this.#startDns(this.#access)
  }

  async #startApiServer(): Promise<Credentials> {
    const port = this.#address === undefined ? 0 : Number(new URL(this.#address.server).port)
    await this.apiServer.listen({ port })
    this.#running.push(() => this.apiServer.close())
    this.#kubeconfig ??= await this.apiServer.kubeconfig({ cluster: this.name })
    return credentialsOf(this.#kubeconfig)
  }

  async #startAgent(peers: readonly Peer[]): Promise<void> {
    const { name, clusterset, log } = this.#options
    const clients: ClusterClient[] = []
    const open = (credentials: Credentials) => {
      const client = connect(credentials)
      clients.push(client)
      return client
    }
    if (this.#access === undefined) throw new TypeError(`cluster ${name} has not been started`)
    const agent = new Agent({
      clusterId: name,
      clusterset,
      client: open(this.#access.agent),
      peers: peers.map(peer => ({ clusterId: peer.name, client: open(peer.reader) })),
      log: log.child({ cluster: name }),
    })
    const stop = async () => {
      this.#agent = undefined
      await agent.stop()
      await Promise.all(clients.map(client => client.close()))
    }
    this.#agent = agent
    try {
      await agent.start()
      this.#running.push(stop)
    } catch (error) {
      await stop()
      throw error
    }
  }

  async #startDns({ agent }: ClusterAccess): Promise<void> {
    const client = connect(agent)
    const dns = new DnsServer({ client })
    this.#running.push(async () => {
      await dns.close()
      await client.close()
    })
    const address = await dns.listen({ port: this.#address?.dns.port ?? 0 })
    this.#address = { name: this.name, server: agent.server, dns: address }
    await dns.whenSynced()
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
    for (let end = this.#running.pop(); end !== undefined; end = this.#running.pop()) {
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
    this.#become('stopped')
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
