import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE, type ExportIndex, NAMESPACES } from '@isthmus/api'
import type { Contribution, Publication } from '@isthmus/core'
import { type BackoffOptions, Controller, type Outcome } from '@isthmus/kube'
import type { Registry } from 'prom-client'
import { checkOptions } from './check-options.ts'
import { EventRecorder } from './events/event-recorder.ts'
import { StandingNotes } from './events/standing-notes.ts'
import { HEARTBEAT_DURATION_SECONDS, Heartbeat } from './exporter/heartbeat.ts'
import { IndexPublisher } from './exporter/index-publisher.ts'
import { RecordPublisher } from './exporter/record-publisher.ts'
import { Importer } from './importer/importer.ts'
import { Links } from './links/links.ts'
import { AgentMetrics } from './metrics.ts'
import type { AgentOptions, AgentStatus, LinkStatus } from './options.ts'
import { OwnCluster } from './own/own-cluster.ts'
import { ownContribution, ownRecord } from './own/own-exports.ts'
import { checkPrerequisites } from './own/prerequisites.ts'
import { routeChanges, servicesKnown } from './routing.ts'
import { exportStatuses, importStatuses } from './status/agent-status.ts'
import { ExportConditions } from './status/export-conditions.ts'
import { refusalsInWords } from './status/refusals.ts'
import { isMomentBehind } from './writes/moment-behind.ts'
import { isRefusal } from './writes/refusal.ts'

const INDEX_KEY = 'index'
/** Of retries: what was in the way may be gone at any time, and nothing tells. */
const BACKOFF: BackoffOptions = { initialMs: 20, maxMs: 30_000, factor: 2 }
/** A record or an index that somebody deletes is back before it is worth a change of status. */
const STORED_GRACE_MS = 2_000

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
  readonly #recorder: EventRecorder
  readonly #conditions: ExportConditions
  readonly #heldIndexes: StandingNotes
  /** Made once the prerequisites are known. */
  #importer: Importer | undefined
  #controllers: Controller[] = []
  #starting: Promise<void> | undefined
  #running: Promise<void> | undefined
  #isRunning = false

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
    this.#recorder = new EventRecorder({ client, clusterId, clock: this.#clock, log: options.log })
    this.#heldIndexes = new StandingNotes(this.#recorder)
    this.#metrics = new AgentMetrics(() => this.status())
    this.#links = new Links({
      peers: options.peers,
      own: { client, namespace: agentNamespace },
      clock: this.#clock,
      log: options.log,
      onChange: key => this.#memberChanged(key),
      onEverything: () => this.#everythingChanged(),
      onState: status => this.#linkChanged(status),
    })
    this.#records = new RecordPublisher({
      own: this.#own,
      clusterId,
      isNamed: key => this.#index.isNamed(key),
      onDecided: key => {
        this.#exportIndex.enqueue(INDEX_KEY, { urgent: true })
        this.#exportConditions.enqueue(key, { urgent: true })
      },
      log: options.log,
    })
    this.#index = new IndexPublisher({
      own: this.#own,
      clusterId,
      published: () => this.#records.stored,
      isDecided: key => this.#records.isDecided(key),
      onWritten: changed => {
        for (const key of changed) {
          this.#exports.enqueue(key, { urgent: true })
          this.#exportConditions.enqueue(key, { urgent: true })
        }
      },
      clock: this.#clock,
    })
    this.#conditions = new ExportConditions({
      own: this.#own,
      contributions: key => this.#contributions(key),
      publication: key => this.#publication(key),
      recorder: this.#recorder,
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
  readonly #exportConditions = this.#controller('conditions', 4, key => this.#conditions.reconcile(key))

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
  start(): Promise<void> {
    this.#starting ??= this.#start().catch(error => {
      // What was missing may come: it can be started again.
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  /** Finishes writes under way and leaves every object as it is: traffic goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    // Whoever started it is told of a failure.
    await this.#starting?.catch(() => {})
    await this.#heartbeat.stop()
    await this.#running
    await Promise.all(this.#controllers.map(controller => controller.stop()))
    await Promise.all([this.#own.stop(), this.#links.stop()])
    await this.#recorder.stop()
  }

  /** Nothing waits to be reconciled now, nor is being reconciled. For tests. */
  async idle(): Promise<void> {
    const isBusy = ({ queue }: Controller) => queue.size > 0 || queue.working > 0
    // One that is done may have given work to one that was.
    for (let busy = this.#controllers; busy.length > 0; busy = this.#controllers.filter(isBusy)) {
      await Promise.all(busy.map(controller => controller.idle()))
    }
    await this.#recorder.idle()
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

  async #start(): Promise<void> {
    const { client, clusterId, clusterset, agentNamespace = AGENT_NAMESPACE, log } = this.#options
    const { exchangeNamespace } = this.#own
    const { supportedFamilies, kept } = await checkPrerequisites(
      client,
      { clusterId, clusterset },
      agentNamespace,
      exchangeNamespace,
    )
    await this.#links.load()
    if (this.#stopping.signal.aborted) return
    this.#importer = new Importer({
      own: this.#own,
      clusterId,
      contributions: key => this.#contributions(key),
      supportedFamilies,
      kept,
      reservedPrefixes: this.#options.reservedPrefixes,
      recorder: this.#recorder,
      clock: this.#clock,
      log,
    })
    this.#route()
    this.#own.start()
    this.#links.start()
    log.info({ clusterset, families: supportedFamilies, peers: this.#options.peers.length }, 'agent started')
    this.#running = this.#run().catch(error => {
      if (!this.#stopping.signal.aborted) log.error({ err: error }, 'agent cannot run')
    })
  }

  #route(): void {
    routeChanges(this.#own, {
      exported: key => {
        this.#exports.enqueue(key, { urgent: true })
        // What the index should name depends on the export itself, also when there is no record to store.
        if (this.#index.look(key)) this.#exportIndex.enqueue(INDEX_KEY, { urgent: true })
      },
      imported: key => this.#imports.enqueue(key, { urgent: true }),
      conditions: key => this.#exportConditions.enqueue(key, { urgent: true }),
      index: index => this.#indexSeen(index),
      stored: (key, isThere) => {
        if (isThere) this.#exportConditions.enqueue(key)
        else this.#exportConditions.queue.addAfter(key, STORED_GRACE_MS)
      },
      serviceGone: () => {
        for (const key of this.#importer?.blocked.keys() ?? []) this.#imports.enqueue(key)
      },
      namespace: namespace => this.#namespaceChanged(namespace),
      wantedBy: key => this.#importer?.importWanting(key),
    })
    this.#own.onRecovery(() => this.#reconcileAll())
  }

  /** Nothing is decided before every list of the own cluster has succeeded: an empty cache is not an empty cluster. */
  async #run(): Promise<void> {
    await this.#own.whenSynced(this.#stopping.signal)
    // NaN, of a Lease without a time, is no reason to trust it.
    const isFresh =
      (await this.#heartbeat.silence().catch(() => Number.NaN)) <= HEARTBEAT_DURATION_SECONDS * 1000
    if (this.#stopping.signal.aborted) return
    if (!isFresh) this.#index.distrustStored()
    this.#reconcileAll()
    // A link may have been refused before the object was known that the event is about.
    for (const link of this.#links) this.#linkChanged(link.status())
    this.#isRunning = true
    for (const controller of this.#controllers) controller.start()
    this.#heartbeat.start()
  }

  #import(key: string): Promise<Outcome> {
    if (this.#importer === undefined)
      throw new TypeError('imports are reconciled before the agent was started')
    return this.#importer.reconcile(key)
  }

  #publication(key: string): Publication {
    const record = ownRecord(this.#own, this.#options.clusterId, key)
    const without = record === undefined ? undefined : refusalsInWords(record.refusals)
    if (record?.refused) return { done: false, failed: true, why: `no member accepts it: ${without}` }
    const refusal = this.#records.refusalOf(key)
    if (refusal !== undefined) return { done: false, failed: true, why: refusal }
    if (!this.#records.isStored(key))
      return { done: false, why: 'the record is not stored in the exchange yet' }
    if (!this.#index.isNamed(key)) return { done: false, why: 'the index does not name the record yet' }
    return { done: true, without }
  }

  #contributions(key: string): ReadonlyMap<string, Contribution> {
    const { clusterId } = this.#options
    const contributions = new Map([[clusterId, ownContribution(this.#own, clusterId, key)]])
    for (const link of this.#links) contributions.set(link.clusterId, link.contribution(key))
    return contributions
  }

  /** All that this cluster has anything of is looked at again. */
  #reconcileAll(): void {
    for (const key of servicesKnown(this.#own)) {
      this.#exports.enqueue(key)
      this.#exportConditions.enqueue(key)
    }
    this.#everythingChanged()
    this.#index.lookAtAll()
    this.#exportIndex.enqueue(INDEX_KEY)
  }

  #indexSeen(index: ExportIndex | undefined): void {
    this.#index.observe(index)
    this.#exportIndex.enqueue(INDEX_KEY)
    if (index !== undefined) return
    for (const key of this.#own.serviceExports.keys())
      this.#exportConditions.queue.addAfter(key, STORED_GRACE_MS)
  }

  #linkChanged({ clusterId, state, reason = '' }: LinkStatus): void {
    const { agentNamespace = AGENT_NAMESPACE } = this.#options
    const object = this.#own.namespaces.get(agentNamespace)
    if (object === undefined) return
    const note = `what cluster ${clusterId} exports stays as it was: ${reason}`
    this.#heldIndexes.look(
      clusterId,
      '',
      { type: NAMESPACES, object, namespace: agentNamespace },
      state === 'refused' ? { type: 'Warning', reason: 'IndexHeld', action: 'Read', note } : undefined,
    )
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
    // Until it runs, all is looked at anyway once everything is listed.
    if (!this.#isRunning) return
    const keys = servicesKnown(this.#own)
    for (const link of this.#links) for (const key of link.services()) keys.add(key)
    for (const key of keys) if (key.startsWith(`${namespace}/`)) this.#imports.enqueue(key, { urgent: true })
    // Made again after it was deleted: what has been tried in vain since is tried at once.
    if (namespace === this.#own.exchangeNamespace && this.#own.hasNamespace(namespace)) this.#reconcileAll()
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
      backoff: BACKOFF,
      onError: (error, key, retryInMs) => {
        // A refusal is in the status.
        const level = isMomentBehind(error, retryInMs) || isRefusal(error) ? 'debug' : 'warn'
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
