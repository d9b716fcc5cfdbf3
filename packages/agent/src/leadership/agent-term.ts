import { setTimeout as sleep } from 'node:timers/promises'
import { NAMESPACES } from '@isthmus/api'
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
import { ExportConditions } from '../status/export-conditions.ts'
import { isMomentBehind } from '../writes/moment-behind.ts'
import { isRefusal } from '../writes/refusal.ts'
import { INDEX_KEY, TermRouting } from './term-routing.ts'
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

/** Of retries: what was in the way may be gone at any time, and nothing tells. */
const BACKOFF = { initialMs: 20, maxMs: 30_000, factor: 2 }
const RECALL_AGAIN_MS = 1_000
/** A peer of which this cluster cannot read how to reach it is silent: it has not left. */
const UNREADABLE: Contribution = {
  kind: 'unknown',
  why: 'it is not linked yet, or what this cluster keeps of it is not well-formed',
  remembered: undefined,
  refusals: [],
}
const RECONCILE_FAILED = 'reconcile failed, will be tried again'

/**
 * All that writes: the controllers of one member, for as long as its agent leads. It begins as after a restart,
 * from caches that are warm: what another agent wrote meanwhile is found, not remembered.
 */
export class AgentTerm implements Term {
  /** To be told of what changes elsewhere than in the own cluster's caches. */
  readonly changes: TermRouting
  readonly #options: AgentTermOptions
  readonly #own: OwnCluster
  readonly #links: Links
  readonly #ending = new AbortController()
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
      held: () => this.#links.heldHere(),
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
      isFailing: key => this.#records.isFailing(key),
      claims: () => this.#links.heldThere(),
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
    this.changes = new TermRouting({
      own,
      links: this.#links,
      controllers: {
        exports: this.#exports,
        index: this.#exportIndex,
        imports: this.#imports,
        conditions: this.#exportConditions,
      },
      records: this.#records,
      index: this.#index,
      importer: this.#importer,
    })
  }

  readonly #exports = this.#controller('exports', 8, key => this.#records.reconcile(key))
  readonly #exportIndex = this.#controller('index', 1, (_, signal) => this.#index.reconcile(signal))
  readonly #imports = this.#controller('imports', 16, key => this.#importer.reconcile(key))
  readonly #exportConditions = this.#controller('conditions', 4, key => this.#conditions.reconcile(key))

  /** An index, right for what was known then, has been stored or found. */
  get published(): boolean {
    return this.#index.published
  }

  /** Records that cannot be written since it began: a line each. */
  failing(): string[] {
    return this.#index.failing()
  }

  begin(): void {
    this.changes.begin()
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

  /** What of the members' exports this cluster's policies refuse. */
  refusals(): readonly RefusalCount[] {
    return this.#importer.refusals()
  }

  linkChanged({ clusterId, state, reason = '' }: LinkStatus): void {
    const { agentNamespace } = this.#options
    this.#heartbeat.heldChanged()
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
    this.changes.run()
    // A link may have been refused before the object was known that the event is about.
    for (const link of this.#links) this.linkChanged(link.status())
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
    this.changes.end()
    await Promise.all([
      this.#heartbeat.stop(),
      this.#membership.end(),
      this.#running,
      ...this.#controllers.map(controller => controller.stop()),
    ])
    await this.#recorder.stop()
    this.#links.forgo()
  }

  /** What changed in another cluster is stored in this one: how long it took, if both ends can be told. */
  #propagated(member: string, chunk: string): void {
    const changedAt = this.#links.get(member)?.time.take(chunk)
    if (changedAt !== undefined) this.#options.metrics.propagated(member, this.#options.clock() - changedAt)
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
      normalAtOnce: Math.ceil((concurrency * 3) / 4),
      normalBesideUrgent: Math.ceil(concurrency / 8),
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
