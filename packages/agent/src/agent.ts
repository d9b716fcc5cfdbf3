import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import type { Registry } from 'prom-client'
import { checkOptions } from './check-options.ts'
import { AgentTerm } from './leadership/agent-term.ts'
import { type Leadership, leadershipOf } from './leadership/leadership.ts'
import { Terms } from './leadership/terms.ts'
import { WriteGate } from './leadership/write-gate.ts'
import { Links } from './links/links.ts'
import { LostMembers } from './lost/lost-members.ts'
import { Membership } from './membership/running/membership.ts'
import { AgentMetrics } from './metrics.ts'
import type { AgentOptions, AgentStatus } from './options.ts'
import { ownClient } from './own/own-client.ts'
import { OwnCluster } from './own/own-cluster.ts'
import { checkPrerequisites, type Prerequisites } from './own/prerequisites.ts'
import { Admissions } from './policy/admissions.ts'
import { exportStatuses, importStatuses } from './status/agent-status.ts'

/**
 * An agent of one member: keeps what it reads of its own cluster and of its peers in mind, and while it leads
 * among the agents of its cluster, it works (see AgentTerm). One that does not lead is warm, and writes nothing.
 */
export class Agent {
  readonly #options: AgentOptions
  readonly #clock: () => number
  readonly #own: OwnCluster
  readonly #links: Links
  readonly #lost: LostMembers
  readonly #membership: Membership
  readonly #admissions: Admissions
  readonly #metrics: AgentMetrics
  readonly #gate: WriteGate
  readonly #leadership: Leadership
  readonly #terms: Terms<AgentTerm>
  readonly #stopping = new AbortController()
  readonly #left = Promise.withResolvers<string>()
  #prerequisites: Prerequisites | undefined
  #starting: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** @throws IsthmusError when an id is not one, or is given twice. */
  constructor(options: AgentOptions) {
    checkOptions(options)
    const { exchangeNamespace = EXCHANGE_NAMESPACE, agentNamespace = AGENT_NAMESPACE, log } = options
    const client = ownClient(options.client)
    this.#options = { ...options, client }
    this.#clock = options.clock ?? Date.now
    this.#metrics = new AgentMetrics(() => this.status())
    this.#gate = new WriteGate(client, (...write) => this.#metrics.written(...write))
    this.#own = new OwnCluster({
      client,
      writer: this.#gate.client,
      exchangeNamespace,
      clock: this.#clock,
      log,
    })
    this.#links = new Links({
      peers: options.peers,
      clusterId: options.clusterId,
      own: { client: this.#gate.client, namespace: agentNamespace },
      clock: this.#clock,
      log,
      onChange: (key, flood) => this.#terms.current?.changes.memberChanged(key, flood),
      onEverything: () => this.#terms.current?.changes.everythingChanged(),
      onHeldThere: () => this.#terms.current?.changes.heldThereChanged(),
      onState: status => {
        this.#terms.current?.linkChanged(status)
        this.#membership.linkChanged()
      },
    })
    this.#membership = new Membership({
      client,
      clusterId: options.clusterId,
      agentNamespace,
      exchangeNamespace,
      staticPeers: new Set(options.peers.map(peer => peer.clusterId)),
      links: this.#links,
      metrics: this.#metrics.registry,
      clock: options.membership?.clock ?? this.#clock,
      lookEveryMs: options.membership?.lookEveryMs,
      connect: options.membership?.connect,
      log,
      onLostMemberPolicy: rules => this.#lost.useClusterSetPolicy(rules),
      onDropped: clusterId => this.#lost.forget(clusterId),
      onLeaving: words => {
        void this.stop().then(() => this.#left.resolve(words))
      },
    })
    this.#lost = new LostMembers({
      ...options.lostMembers,
      own: this.#own,
      client: this.#gate.client,
      clusterId: options.clusterId,
      agentNamespace,
      links: this.#links,
      registry: this.#metrics.registry,
      onChange: () => this.#terms.current?.changes.everythingChanged(),
      onPolicy: namespace => this.#terms.current?.changes.namespaceChanged(namespace),
      clock: this.#clock,
      log,
    })
    this.#admissions = new Admissions({
      client,
      own: this.#own,
      clusterId: options.clusterId,
      agentNamespace,
      onChange: () => this.#terms.current?.changes.everythingChanged(),
      onNamespace: namespace => this.#terms.current?.changes.namespaceChanged(namespace),
    })
    this.#leadership = leadershipOf(options.leadership, { client, namespace: agentNamespace, log })
    this.#terms = new Terms({
      leadership: this.#leadership,
      gate: this.#gate,
      newTerm: () => this.#newTerm(),
      log,
    })
  }

  get ready(): boolean {
    return this.#reasons().length === 0
  }

  get metrics(): Registry {
    return this.#metrics.registry
  }

  /**
   * Resolves when the agent runs: its caches may still be filling, and it may not lead (see `ready`).
   * @throws IsthmusError when it can never work as it was started.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch(error => {
      // What was missing may come: it can be started again.
      this.#starting = undefined
      if (!this.#stopping.signal.aborted) throw error
    })
    return this.#starting
  }

  /** Finishes writes under way, gives the lead back, and leaves every object as it is: traffic goes on. Within 5 s. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Resolves when the cluster leaves its ClusterSet, and the agent has stopped: with the words that say so. */
  get left(): Promise<string> {
    return this.#left.promise
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    // Whoever started it is told of a failure.
    await this.#starting?.catch(() => {})
    await this.#terms.stop()
    await this.#membership.stop()
    await Promise.all([this.#own.stop(), this.#links.stop(), this.#lost.stop(), this.#admissions.stop()])
  }

  /** Nothing waits to be reconciled now, nor is being reconciled. For tests. */
  async idle(): Promise<void> {
    await this.#terms.current?.idle()
  }

  status(): AgentStatus {
    const { clusterId, clusterset } = this.#options
    const { leading, holder } = this.#leadership
    const reasons = this.#reasons()
    const membership = this.#membership.status()
    return {
      clusterId,
      clusterset,
      leading,
      ...(holder === undefined ? {} : { leader: holder }),
      ready: reasons.length === 0,
      reasons,
      exports: exportStatuses(this.#own),
      imports: importStatuses(this.#own),
      links: this.#links.status().map(link => this.#lost.status(link)),
      ...(membership === undefined ? {} : { membership }),
      lostMemberPolicy: this.#lost.policy,
      refusals: [...this.#links.refusals(), ...(this.#terms.current?.refusals() ?? [])],
    }
  }

  async #start(): Promise<void> {
    const { client, clusterId, clusterset, agentNamespace = AGENT_NAMESPACE, log, peers } = this.#options
    const { signal } = this.#stopping
    const { exchangeNamespace } = this.#own
    const identity = { clusterId, clusterset }
    this.#prerequisites = await checkPrerequisites(
      client,
      identity,
      agentNamespace,
      exchangeNamespace,
      signal,
    )
    await this.#links.load(signal)
    await this.#membership.load(signal)
    await this.#lost.load(signal)
    if (signal.aborted) return
    this.#own.start()
    this.#links.start()
    this.#lost.start()
    this.#admissions.start()
    this.#terms.start()
    const { supportedFamilies: families } = this.#prerequisites
    log.info({ clusterset, families, peers: peers.length }, 'agent started')
  }

  #newTerm(): AgentTerm {
    if (this.#prerequisites === undefined) throw new TypeError('an agent leads before it was started')
    const { clusterId, agentNamespace = AGENT_NAMESPACE, reservedPrefixes, log } = this.#options
    return new AgentTerm({
      ...this.#prerequisites,
      clusterId,
      agentNamespace,
      reservedPrefixes,
      client: this.#gate.client,
      own: this.#own,
      links: this.#links,
      membership: this.#membership,
      lost: this.#lost,
      admissions: this.#admissions,
      metrics: this.#metrics,
      clock: this.#clock,
      log,
    })
  }

  #reasons(): string[] {
    const reasons = [...this.#own.unsynced(), ...this.#own.unfollowed(), ...this.#admissions.unsynced()]
    const { decided, failure } = this.#leadership
    const because = failure === undefined ? '' : `: ${failure}`
    if (!decided) reasons.push(`it is not known yet which agent of this cluster leads${because}`)
    else if (this.#leadership.leading && this.#terms.current?.published !== true)
      reasons.push('the export index has not been published yet')
    if (this.#membership.removal !== undefined) reasons.push(this.#membership.removal)
    reasons.push(...(this.#terms.current?.failing() ?? []))
    return reasons
  }
}
