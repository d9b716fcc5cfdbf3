import { setTimeout as sleep } from 'node:timers/promises'
import { type ExportIndex, NAMESPACES } from '@isthmus/api'
import type { Contribution } from '@isthmus/core'
import { Controller, type ControllerOptions } from '@isthmus/kube'
import type { Logger } from 'pino'
import { EventRecorder } from '../events/event-recorder.ts'
import { StandingNotes } from '../events/standing-notes.ts'
import { HEARTBEAT_DURATION_SECONDS, Heartbeat } from '../exporter/heartbeat.ts'
import { IndexPublisher } from '../exporter/index-publisher.ts'
import { publicationOf } from '../exporter/publication.ts'
import { RecordPublisher } from '../exporter/record-publisher.ts'
import { FailureLog } from '../failures/failure-log.ts'
import { Importer } from '../importer/importer.ts'
import type { Links } from '../links/links.ts'
import type { LostMembers } from '../lost/lost-members.ts'
import type { Membership } from '../membership/running/membership.ts'
import type { MembershipTerm } from '../membership/running/membership-term.ts'
import type { AgentMetrics } from '../metrics.ts'
import type { LinkStatus, RefusalCount } from '../options.ts'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownContribution } from '../own/own-exports.ts'
import type { Prerequisites } from '../own/prerequisites.ts'
import type { Admissions } from '../policy/admissions.ts'
import { routeChanges, servicesKnown } from '../routing.ts'
import { ExportConditions } from '../status/export-conditions.ts'
import { isMomentBehind } from '../writes/moment-behind.ts'
import { isRefusal } from '../writes/refusal.ts'
import type { Term } from './terms.ts'
import type { GatedClient } from './write-gate.ts'

export interface AgentTermOptions extends Prerequisites {
  readonly clusterId: string
  readonly agentNamespace: string
  readonly reservedPrefixes: readonly string[] | undefined
  /** Writes through it end with the lead. */
  readonly client: GatedClient
  readonly own: OwnCluster
  readonly links: Links
  readonly membership: Membership
  readonly lost: LostMembers
  readonly admissions: Admissions
  readonly metrics: AgentMetrics
  readonly clock: () => number
  readonly log: Logger
}

const INDEX_KEY = 'index'
/** Of a key that a member changes faster than others can bear. */
const FLOOD_DELAY_MS = 500
/** Of retries: what was in the way may be gone at any time, and nothing tells. */
const BACKOFF = { initialMs: 20, maxMs: 30_000, factor: 2 }
/** A record or an index that somebody deletes is back before it is worth a change of status. */
const STORED_GRACE_MS = 2_000
const RECALL_AGAIN_MS = 1_000
/** A peer of which this cluster cannot read how to reach it is silent: it has not left. */
const UNREADABLE: Contribution = {
  kind: 'unknown',
  why: 'what this cluster keeps of it is not well-formed',
  remembered: undefined,
  refusals: [],
}
const RECONCILE_FAILED = 'reconcile failed, will be tried again'

/**
 * All that writes: the controllers of one member, for as long as its agent leads. It begins as after a restart,
 * from caches that are warm: what another agent wrote meanwhile is found, not remembered.
 */
export class AgentTerm implements Term {
  readonly #options: AgentTermOptions
  readonly #own: OwnCluster
  readonly #links: Links
  readonly #ending = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  readonly #failures: FailureLog
  readonly #recorder: EventRecorder
  readonly #heldIndexes: StandingNotes
  readonly #membership: MembershipTerm
  readonly #heartbeat: Heartbeat
  readonly #records: RecordPublisher
  readonly #index: IndexPublisher
  readonly #conditions: ExportConditions
  readonly #importer: Importer
  readonly #controllers: Controller[] = []
  #running: Promise<void> = Promise.resolve()
  #isRunning = false
  #ended: Promise<void> | undefined

  constructor(options: AgentTermOptions) {
    const { client, own, clusterId, clock, log } = options
    this.#options = options
    this.#own = own
    this.#links = options.links
    this.#failures = new FailureLog(log)
    this.#recorder = new EventRecorder({ client, clusterId, clock, log })
    this.#heldIndexes = new StandingNotes(this.#recorder)
    this.#membership = options.membership.newTerm({ gated: client, own, recorder: this.#recorder })
    this.#heartbeat = new Heartbeat({
      client,
      namespace: own.exchangeNamespace,
      clusterId,
      clock,
      onError: error => this.#failures.failed("the publisher's Lease was not renewed", error, {}),
    })
    const contributions = (key: string) => this.#contributions(key)
    this.#records = new RecordPublisher({
      own,
      clusterId,
      isNamed: key => this.#index.isNamed(key),
      onDecided: key => {
        this.#exportIndex.enqueue(INDEX_KEY, { urgent: true })
        this.#exportConditions.enqueue(key, { urgent: true })
      },
      clock,
      log,
    })
    this.#index = new IndexPublisher({
      own,
      clusterId,
      published: () => this.#records.stored,
      isDecided: key => this.#records.isDecided(key),
      onWritten: changed => {
        for (const key of changed) {
          this.#exports.enqueue(key, { urgent: true })
          this.#exportConditions.enqueue(key, { urgent: true })
        }
      },
      clock,
      log,
    })
    this.#conditions = new ExportConditions({
      own,
      contributions,
      publication: key => publicationOf(key, { own, clusterId, records: this.#records, index: this.#index }),
      recorder: this.#recorder,
      clock,
    })
    this.#importer = new Importer({
      ...options,
      contributions,
      recorder: this.#recorder,
      onSliceStored: (member, chunk) => this.#propagated(member, chunk),
    })
  }

  readonly #exports = this.#controller('exports', 8, key => this.#records.reconcile(key))
  readonly #exportIndex = this.#controller('index', 1, (_, signal) => this.#index.reconcile(signal))
  readonly #imports = this.#controller('imports', 8, key => this.#importer.reconcile(key))
  readonly #exportConditions = this.#controller('conditions', 4, key => this.#conditions.reconcile(key))

  /** An index, right for what was known then, has been stored or found. */
  get published(): boolean {
    return this.#index.published
  }

  begin(): void {
    this.#route()
    this.#running = this.#run().catch(error => {
      if (!this.#ending.signal.aborted) this.#options.log.error({ err: error }, 'agent cannot work')
    })
  }

  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async settle(): Promise<void> {
    await Promise.all([this.#links.saveAll(), this.#options.lost.saveAll()])
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

  /** What a member contributes to the service may have changed; in a flood of changes, several are looked at as one. */
  memberChanged(key: string, flood = false): void {
    if (flood) {
      for (const { queue } of [this.#imports, this.#exportConditions]) queue.addAfter(key, FLOOD_DELAY_MS)
      return
    }
    // What is in use here goes ahead of what is new: a member that joins with a thousand services can wait.
    const urgent = this.#own.serviceImports.get(key) !== undefined
    this.#imports.enqueue(key, { urgent })
    if (this.#own.serviceExports.get(key) !== undefined) this.#exportConditions.enqueue(key, { urgent: true })
  }

  /** What members contribute to any service may have changed. */
  everythingChanged(): void {
    for (const key of this.#keys()) this.#imports.enqueue(key)
    for (const key of this.#own.serviceExports.keys()) this.#exportConditions.enqueue(key)
  }

  /** A namespace came, went, or has other labels that matter. */
  namespaceChanged(namespace: string): void {
    // Until it runs, all is looked at anyway once everything is listed.
    if (!this.#isRunning) return
    for (const key of this.#keys())
      if (key.startsWith(`${namespace}/`)) this.#imports.enqueue(key, { urgent: true })
    // Made again after it was deleted: what has been tried in vain since is tried at once.
    if (namespace === this.#own.exchangeNamespace && this.#own.hasNamespace(namespace)) this.#recovered()
  }

  /** What of the members' exports this cluster's policies refuse. */
  refusals(): readonly RefusalCount[] {
    return this.#importer.refusals()
  }

  linkChanged({ clusterId, state, reason = '' }: LinkStatus): void {
    const { agentNamespace } = this.#options
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

  /** Nothing is decided before every list of the own cluster has succeeded: an empty cache is not an empty cluster. */
  async #run(): Promise<void> {
    const { signal } = this.#ending
    await Promise.all([this.#own.whenSynced(signal), this.#options.admissions.whenKnown(signal)])
    const [silence] = await Promise.all([
      // NaN, of a Lease without a time, is no reason to trust it.
      this.#heartbeat.silence().catch(() => Number.NaN),
      this.#recall(),
    ])
    if (signal.aborted) return
    if (!(silence <= HEARTBEAT_DURATION_SECONDS * 1000)) this.#index.distrustStored()
    this.#index.begin()
    this.#reconcileAll()
    // A link may have been refused before the object was known that the event is about.
    for (const link of this.#links) this.linkChanged(link.status())
    this.#isRunning = true
    for (const controller of this.#controllers) controller.start()
    this.#heartbeat.start()
    this.#membership.begin()
  }

  /** Without it, an index that went back might be taken: it is tried until it succeeds. */
  async #recall(): Promise<void> {
    const { signal } = this.#ending
    for (;;) {
      try {
        return await this.#links.recall(signal)
      } catch (error) {
        signal.throwIfAborted()
        this.#failures.failed('what links remember was not read, will be tried again', error, {})
        await sleep(RECALL_AGAIN_MS, undefined, { signal })
      }
    }
  }

  async #end(): Promise<void> {
    this.#ending.abort()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([
      this.#heartbeat.stop(),
      this.#membership.end(),
      this.#running,
      ...this.#controllers.map(controller => controller.stop()),
    ])
    await this.#recorder.stop()
    this.#links.forgo()
  }

  #route(): void {
    const routes = routeChanges(this.#own, {
      exported: (key, since) => {
        this.#records.changed(key, since)
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
        for (const key of this.#importer.blocked.keys()) this.#imports.enqueue(key)
      },
      namespace: namespace => this.namespaceChanged(namespace),
      wantedBy: key => this.#importer.importWanting(key),
    })
    this.#unsubscribe.push(
      ...routes,
      this.#own.onRecovery(() => this.#recovered()),
    )
  }

  /** What was in the way may be gone. */
  #recovered(): void {
    for (const { queue } of this.#controllers) queue.forgetAll()
    this.#reconcileAll()
  }

  /** All that this cluster has anything of is looked at again. */
  #reconcileAll(): void {
    for (const key of servicesKnown(this.#own)) {
      this.#exports.enqueue(key)
      this.#exportConditions.enqueue(key)
    }
    this.everythingChanged()
    this.#index.lookAtAll()
    this.#exportIndex.enqueue(INDEX_KEY)
  }

  /** What changed in another cluster is stored in this one: how long it took, if both ends can be told. */
  #propagated(member: string, chunk: string): void {
    const changedAt = this.#links.get(member)?.time.take(chunk)
    if (changedAt !== undefined) this.#options.metrics.propagated(member, this.#options.clock() - changedAt)
  }

  #indexSeen(index: ExportIndex | undefined): void {
    this.#index.observe(index)
    this.#exportIndex.enqueue(INDEX_KEY)
    if (index !== undefined) return
    for (const key of this.#own.serviceExports.keys())
      this.#exportConditions.queue.addAfter(key, STORED_GRACE_MS)
  }

  /** Of all services that this cluster or a peer has anything of. */
  #keys(): Set<string> {
    const keys = servicesKnown(this.#own)
    for (const link of this.#links) for (const key of link.services()) keys.add(key)
    return keys
  }

  #contributions(key: string): ReadonlyMap<string, Contribution> {
    const { clusterId } = this.#options
    const contributions = new Map<string, Contribution>()
    for (const id of this.#options.membership.unreadablePeers()) contributions.set(id, UNREADABLE)
    contributions.set(clusterId, ownContribution(this.#own, clusterId, key))
    for (const link of this.#links) contributions.set(link.clusterId, link.contribution(key))
    return this.#options.lost.contributions(key, contributions)
  }

  #controller(name: string, concurrency: number, reconcile: ControllerOptions['reconcile']): Controller {
    const controller = new Controller({
      name,
      concurrency,
      // A live change finds a worker that is free, and a server that is not all taken up with a resync.
      normalAtOnce: Math.ceil(concurrency / 2),
      reconcile,
      backoff: BACKOFF,
      onError: (error, key, retryInMs) => {
        // A refusal is in the status.
        const where = { controller: name, key, retryInMs }
        if (isMomentBehind(error, retryInMs) || isRefusal(error))
          this.#options.log.debug({ err: error, ...where }, RECONCILE_FAILED)
        else this.#failures.failed(RECONCILE_FAILED, error, where)
      },
      onReconciled: ({ outcome, durationMs, queued }) =>
        this.#options.metrics.reconciled(name, outcome.kind, durationMs, queued),
    })
    this.#controllers.push(controller)
    return controller
  }
}
