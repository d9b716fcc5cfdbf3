import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import type { Contribution } from '@isthmus/core'
import { Controller, isAlreadyExists, isConflict, type Outcome } from '@isthmus/kube'
import type { Registry } from 'prom-client'
import { checkOptions } from './check-options.ts'
import { Heartbeat } from './exporter/heartbeat.ts'
import { IndexPublisher } from './exporter/index-publisher.ts'
import { RecordPublisher } from './exporter/record-publisher.ts'
import { Importer } from './importer/importer.ts'
import { Links } from './links/links.ts'
import { AgentMetrics } from './metrics.ts'
import type { AgentOptions, AgentStatus } from './options.ts'
import { OwnCluster } from './own/own-cluster.ts'
import { ownContribution } from './own/own-exports.ts'
import { checkPrerequisites } from './own/prerequisites.ts'
import { routeChanges, servicesKnown } from './routing.ts'
import { exportStatuses, importStatuses } from './status/agent-status.ts'
import { reconcileExportConditions } from './status/export-conditions.ts'

const INDEX_KEY = 'index'

/** The controllers of one member: gathers from its caches and links, asks core, applies to its own cluster. */
export class Agent {
  readonly #options: AgentOptions
  readonly #clock: () => number
  readonly #own: OwnCluster
  readonly #links: Links
  readonly #metrics: AgentMetrics
  readonly #stopping = new AbortController()
  readonly #records: RecordPublisher
  readonly #index: IndexPublisher
  readonly #heartbeat: Heartbeat
  /** Made once the prerequisites are known. */
  #importer: Importer | undefined
  #controllers: Controller[] = []
  #running: Promise<void> | undefined

  /** @throws IsthmusError when an id is not one, or is given twice. */
  constructor(options: AgentOptions) {
    checkOptions(options)
    const {
      client,
      clusterId,
      exchangeNamespace = EXCHANGE_NAMESPACE,
      agentNamespace = AGENT_NAMESPACE,
    } = options
    this.#options = options
    this.#clock = options.clock ?? Date.now
    this.#own = new OwnCluster(client, exchangeNamespace)
    this.#metrics = new AgentMetrics(() => this.status())
    this.#links = new Links({
      peers: options.peers,
      own: { client, namespace: agentNamespace },
      clock: this.#clock,
      log: options.log,
      onChange: key => this.#memberChanged(key),
      onEverything: () => this.#everythingChanged(),
    })
    this.#records = new RecordPublisher(
      this.#own,
      key => this.#index.isNamed(key),
      key => {
        this.#exportIndex.enqueue(INDEX_KEY, { urgent: true })
        this.#exportConditions.enqueue(key, { urgent: true })
      },
    )
    this.#index = new IndexPublisher({
      own: this.#own,
      clusterId,
      published: () => this.#records.stored,
      onWritten: changed => {
        for (const key of changed) {
          this.#exports.enqueue(key, { urgent: true })
          this.#exportConditions.enqueue(key, { urgent: true })
        }
      },
      clock: this.#clock,
    })
    this.#heartbeat = new Heartbeat({
      client,
      namespace: exchangeNamespace,
      clusterId,
      clock: this.#clock,
      log: options.log,
    })
  }

  readonly #exports = this.#controller('exports', 8, key => this.#records.reconcile(key))
  readonly #exportIndex = this.#controller('index', 1, () => this.#index.reconcile())
  readonly #imports = this.#controller('imports', 8, key => this.#import(key))
  readonly #exportConditions = this.#controller('conditions', 4, key => this.#conditions(key))

  get ready(): boolean {
    return this.#reasons().length === 0
  }

  get metrics(): Registry {
    return this.#metrics.registry
  }

  /**
   * Resolves when the agent runs: its caches may still be filling (see `ready`).
   * @throws IsthmusError when it can never work as it was started.
   */
  async start(): Promise<void> {
    const { client, clusterId, clusterset, agentNamespace = AGENT_NAMESPACE, log } = this.#options
    const { exchangeNamespace } = this.#own
    const { supportedFamilies, kept } = await checkPrerequisites(
      client,
      { clusterId, clusterset },
      agentNamespace,
      exchangeNamespace,
    )
    this.#importer = new Importer({
      own: this.#own,
      clusterId,
      contributions: key => this.#contributions(key),
      supportedFamilies,
      kept,
      clock: this.#clock,
      log,
    })
    routeChanges(this.#own, {
      exported: key => this.#exports.enqueue(key, { urgent: true }),
      imported: key => this.#imports.enqueue(key, { urgent: true }),
      conditions: key => this.#exportConditions.enqueue(key, { urgent: true }),
      index: index => {
        this.#index.observe(index)
        this.#exportIndex.enqueue(INDEX_KEY)
      },
      namespace: namespace => this.#namespaceChanged(namespace),
      wantedBy: key => this.#importer?.importWanting(key),
    })
    await this.#links.load()
    this.#own.start()
    this.#links.start()
    log.info(
      { cluster: clusterId, clusterset, families: supportedFamilies, peers: this.#options.peers.length },
      'agent started',
    )
    this.#running = this.#run().catch(error => {
      if (!this.#stopping.signal.aborted) log.error({ err: error }, 'agent cannot run')
    })
  }

  /** Finishes writes under way and leaves every object as it is: traffic goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await this.#heartbeat.stop()
    await Promise.all(this.#controllers.map(controller => controller.stop()))
    await Promise.all([this.#own.stop(), this.#links.stop()])
  }

  /** Nothing waits to be reconciled now, nor is being reconciled. For tests. */
  async idle(): Promise<void> {
    for (const controller of this.#controllers) await controller.idle()
  }

  status(): AgentStatus {
    const { clusterId, clusterset } = this.#options
    const reasons = this.#reasons()
    return {
      clusterId,
      clusterset,
      ready: reasons.length === 0,
      reasons,
      exports: exportStatuses(this.#own),
      imports: importStatuses(this.#own),
      links: this.#links.status(),
    }
  }

  /** Nothing is decided before every list of the own cluster has succeeded: an empty cache is not an empty cluster. */
  async #run(): Promise<void> {
    await this.#own.whenSynced(this.#stopping.signal)
    for (const key of servicesKnown(this.#own)) {
      this.#exports.enqueue(key)
      this.#exportConditions.enqueue(key)
    }
    this.#everythingChanged()
    this.#exportIndex.enqueue(INDEX_KEY)
    for (const controller of this.#controllers) controller.start()
    this.#heartbeat.start()
  }

  #import(key: string): Promise<Outcome> {
    if (this.#importer === undefined)
      throw new TypeError('imports are reconciled before the agent was started')
    return this.#importer.reconcile(key)
  }

  #conditions(key: string): Promise<Outcome> {
    return reconcileExportConditions(key, {
      own: this.#own,
      contributions: service => this.#contributions(service),
      unpublished: service => {
        if (!this.#records.isStored(service)) return 'the record is not stored in the exchange yet'
        return this.#index.isNamed(service) ? undefined : 'the index does not name the record yet'
      },
      clock: this.#clock,
    })
  }

  #contributions(key: string): ReadonlyMap<string, Contribution> {
    const { clusterId } = this.#options
    const contributions = new Map([[clusterId, ownContribution(this.#own, clusterId, key)]])
    for (const link of this.#links) contributions.set(link.clusterId, link.contribution(key))
    return contributions
  }

  #memberChanged(key: string): void {
    this.#imports.enqueue(key, { urgent: true })
    if (this.#own.serviceExports.get(key) !== undefined) this.#exportConditions.enqueue(key, { urgent: true })
  }

  #everythingChanged(): void {
    const keys = servicesKnown(this.#own)
    for (const link of this.#links) for (const key of link.services()) keys.add(key)
    for (const key of keys) this.#imports.enqueue(key)
    for (const key of this.#own.serviceExports.keys()) this.#exportConditions.enqueue(key)
  }

  #namespaceChanged(namespace: string): void {
    const keys = servicesKnown(this.#own)
    for (const link of this.#links) for (const key of link.services()) keys.add(key)
    for (const key of keys) if (key.startsWith(`${namespace}/`)) this.#imports.enqueue(key, { urgent: true })
  }

  #reasons(): string[] {
    const reasons = this.#own.unsynced()
    if (!this.#index.published) reasons.push('the export index has not been published yet')
    return reasons
  }

  #controller(name: string, concurrency: number, reconcile: (key: string) => Promise<Outcome>): Controller {
    const controller = new Controller({
      name,
      concurrency,
      reconcile,
      onError: (error, key, retryInMs) => {
        // A cache that was a moment behind: the next try reads what the server has now.
        const level = isConflict(error) || isAlreadyExists(error) ? 'debug' : 'warn'
        this.#options.log[level](
          { err: error, controller: name, key, retryInMs },
          'reconcile failed, will be tried again',
        )
      },
      onReconciled: ({ outcome, durationMs, queued }) =>
        this.#metrics.reconciled(name, outcome.kind, durationMs, queued),
    })
    this.#controllers.push(controller)
    return controller
  }
}
