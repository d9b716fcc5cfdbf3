import { NAMESPACES } from '@isthmus/api'
import {
  type Contribution,
  countedTime,
  formatLostMemberPolicy,
  isCutOff,
  isLostMemberPolicyAnnotation,
  type LostMemberRules,
  type MemberPhase,
  nextMemberSilence,
  passedTime,
  withoutRemoved,
} from '@isthmus/core'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { EventRecorder } from '../events/event-recorder.ts'
import { HEARTBEAT_MS } from '../exporter/heartbeat.ts'
import { type GatedClient, NotLeadingError } from '../leadership/write-gate.ts'
import type { Link } from '../links/link.ts'
import type { LinkStatus } from '../options.ts'
import type { OwnCluster } from '../own/own-cluster.ts'
import { type LinkRecord, loadLinkRecord, saveLinkRecord } from './link-record.ts'
import { linkStateOf } from './link-state.ts'
import { LostMetrics } from './lost-metrics.ts'
import { LostPolicies } from './lost-policies.ts'
import { Prober } from './prober.ts'
import type { Probe } from './tcp-probe.ts'
import { TrackedMember } from './tracked-member.ts'

/** What is done about members that are lost. */
export interface LostMemberOptions {
  /** Of this agent: over that of the ClusterSet, rule by rule. */
  readonly policy?: LostMemberRules | undefined
  /** Whether endpoints are probed; in tests, by what. Default: they are not. */
  readonly probes?: boolean | Probe | undefined
  /** For tests. Default: a second. */
  readonly lookEveryMs?: number | undefined
}

export interface LostMembersOptions extends LostMemberOptions {
  readonly own: OwnCluster
  /** Where records of links are kept. */
  readonly client: GatedClient
  readonly agentNamespace: string
  readonly links: Iterable<Link>
  readonly clusterId: string
  readonly registry: Registry
  /** What members are to services may have changed, for any service. */
  readonly onChange: () => void
  /** Services of one namespace have another policy. */
  readonly onPolicy: (namespace: string) => void
  readonly clock: () => number
  readonly log: Logger
}

const LOOK_EVERY_MS = 1_000
/** After what is remembered could not be read. */
const LOAD_AGAIN_MS = 5_000
/** A publisher renews its Lease every ten seconds: two may be missed. */
const HEARD_WITHIN_MS = 2 * HEARTBEAT_MS

/** Watches for members that fall silent, and says what each is to each service meanwhile. */
export class LostMembers {
  readonly #options: LostMembersOptions
  /** Its own: members are watched whether or not this agent leads, and its client lets only the leader write. */
  readonly #recorder: EventRecorder
  readonly #policies: LostPolicies
  readonly #metrics: LostMetrics
  readonly #prober: Prober | undefined
  readonly #members = new Map<string, TrackedMember>()
  /** When what is remembered of a member was last asked for. */
  readonly #loadedAt = new Map<string, number>()
  /** Of each member, the last save that was begun. */
  readonly #saving = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #ends: (() => void)[] = []
  #looking: NodeJS.Timeout | undefined
  #lookedAt: number | undefined
  #isCutOff = false

  constructor(options: LostMembersOptions) {
    const { own, client, clusterId, probes = false, clock, registry, log } = options
    this.#options = options
    this.#recorder = new EventRecorder({ client, clusterId, clock, log })
    this.#policies = new LostPolicies(options.policy ?? {}, own.namespaces, this.#recorder)
    this.#metrics = new LostMetrics(registry, () => this.#readings())
    if (probes === false) return
    this.#prober = new Prober({
      slicesOf: clusterId => own.importedFrom(clusterId),
      clock,
      onProbe: (clusterId, isAnswered) => this.#metrics.probed(clusterId, isAnswered),
      onRound: () => this.look(),
      probe: probes === true ? undefined : probes,
    })
  }

  /** Reads what is remembered of the links there are. */
  async load(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#options.links].map(({ clusterId }) => this.#load(clusterId, signal)))
  }

  start(): void {
    const { own, onPolicy, lookEveryMs = LOOK_EVERY_MS } = this.#options
    this.#ends.push(
      own.namespaces.subscribe((namespace, next, previous) => {
        if (policyTexts(next?.metadata.annotations) !== policyTexts(previous?.metadata.annotations))
          onPolicy(namespace)
      }),
    )
    this.#looking = setInterval(() => this.look(), lookEveryMs)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearInterval(this.#looking)
    for (const end of this.#ends) end()
    await Promise.all([this.#prober?.stop(), this.#recorder.stop()])
  }

  /** For services without one of their own, as text. */
  get policy(): string {
    return formatLostMemberPolicy(this.#policies.base)
  }

  /** What the ClusterSet says of lost members has changed, or is known now. */
  useClusterSetPolicy(rules: LostMemberRules): void {
    if (!this.#policies.useClusterSet(rules)) return
    const { log, onChange } = this.#options
    log.info({ policy: this.policy }, 'policy for lost members')
    onChange()
  }

  /** Remembers at once what would be remembered later: how long members have been lost. */
  async saveAll(): Promise<void> {
    const now = this.#options.clock()
    const policies = this.#policies.all()
    await Promise.all(
      [...this.#options.links].map(link => {
        const member = this.#members.get(link.clusterId)
        const record = member?.toSaveAtEnd(link.services().size, policies, now)
        return member === undefined || record === undefined ? undefined : this.#save(member, record)
      }),
    )
  }

  /** Its link has ended for good. Resolves when nothing of it is being written any more. */
  async forget(clusterId: string): Promise<void> {
    this.#members.delete(clusterId)
    this.#loadedAt.delete(clusterId)
    this.#prober?.forget(clusterId)
    const saving = this.#saving.get(clusterId)
    await saving
    if (this.#saving.get(clusterId) === saving) this.#saving.delete(clusterId)
  }

  /** What the member is to the service; undefined as long as what is remembered of it has not been read. */
  phaseOf(clusterId: string, key: string): MemberPhase | undefined {
    const member = this.#members.get(clusterId)
    if (member !== undefined) return member.phase(this.#policies.of(key))
    return this.#link(clusterId) === undefined ? 'present' : undefined
  }

  /** Since when nothing has been heard of the member, as RFC 3339; empty where it is not lost. */
  since(clusterId: string): string {
    return this.#members.get(clusterId)?.since ?? ''
  }

  /** What members contribute to the service, without those that are removed from it. */
  contributions(
    key: string,
    contributions: ReadonlyMap<string, Contribution>,
  ): ReadonlyMap<string, Contribution> {
    return withoutRemoved(contributions, clusterId => this.phaseOf(clusterId, key))
  }

  /** Whether the member exports the service, as far as known, whatever the policy makes of it; undefined if not. */
  isExporter(clusterId: string, key: string): boolean | undefined {
    const contribution = this.#link(clusterId)?.contribution(key)
    if (contribution?.kind === 'unknown') return contribution.remembered === undefined ? undefined : true
    return contribution?.kind === 'present'
  }

  importTold(clusterId: string, reason: string): void {
    this.#metrics.importTold(clusterId, reason)
  }

  /** The state of a link, with what has lasted taken into account. */
  status(status: LinkStatus): LinkStatus {
    const member = this.#members.get(status.clusterId)
    if (member?.state === undefined) return status
    const { reason: _, ...rest } = status
    const phase = member.phase(this.#policies.base)
    const lastRenewal = this.#link(status.clusterId)?.lastRenewal
    return {
      ...rest,
      ...this.#stateOf(status, member),
      since: member.stateSince,
      ...(lastRenewal === undefined ? {} : { lastRenewal }),
      phase,
    }
  }

  /** Looks at all members. Called every second, and when there may be news. */
  look(): void {
    const { clock, own, links, onChange, log } = this.#options
    const now = clock()
    const passedMs = passedTime(now - (this.#lookedAt ?? now))
    this.#lookedAt = now
    const observed = [...links].map(link => ({ link, observation: this.#observe(link, now) }))
    const peers = observed.map(({ observation }) => observation.isHeard || observation.isAnswered === true)
    this.#isCutOff = isCutOff(peers)
    const elapsed = { passedMs, countedMs: countedTime({ passedMs, ownAnswers: own.answers, peers }) }
    const policies = this.#policies.all()
    let isNew = false
    for (const { link, observation } of observed) {
      const member = this.#members.get(link.clusterId)
      if (member === undefined) {
        void this.#load(link.clusterId, this.#stopping.signal)
        continue
      }
      const silence = nextMemberSilence(member.silence, observation, elapsed)
      const before = member.phase(this.#policies.base)
      if (member.observe(silence, link.lastRenewal, policies, now)) isNew = true
      const phase = member.phase(this.#policies.base)
      if (phase !== before) log.info({ peer: link.clusterId, phase, before }, 'what a member is to services')
      this.#tellState(member, link, now)
      this.#prober?.look(link.clusterId, silence.unheard.silentMs === 0)
      const record = member.toSave(link.services().size, policies, now)
      if (record !== undefined) void this.#save(member, record)
    }
    this.#forgetOthers(observed.map(({ link }) => link.clusterId))
    if (isNew) onChange()
  }

  #link(clusterId: string): Link | undefined {
    return [...this.#options.links].find(link => link.clusterId === clusterId)
  }

  #observe(link: Link, now: number) {
    return {
      isRead: link.isRead,
      isServing: link.isServing,
      isHeard: link.lastRenewal !== undefined && now - link.lastRenewal <= HEARD_WITHIN_MS,
      isAnswered: this.#prober?.isAnswered(link.clusterId),
    }
  }

  #stateOf(status: LinkStatus, { silence, clusterId }: TrackedMember): Pick<LinkStatus, 'state' | 'reason'> {
    const isRead = this.#link(clusterId)?.isRead ?? false
    return linkStateOf({ now: status, silence, isRead, isCutOff: this.#isCutOff })
  }

  #tellState(member: TrackedMember, link: Link, now: number): void {
    const { agentNamespace, own, log } = this.#options
    const status = link.status()
    const { state, reason } = this.#stateOf(status, member)
    const before = member.enter(reason === undefined ? { state } : { state, reason }, now)
    if (before === undefined) return
    this.#metrics.linkBecame(member.clusterId, state)
    if (state !== 'lost' && before !== 'lost') return
    const isLost = state === 'lost'
    const about = `cluster ${member.clusterId}`
    const note = isLost ? `${about} is lost: ${reason}` : `${about} is back`
    log[isLost ? 'warn' : 'info']({ peer: member.clusterId, since: member.since, reason }, note)
    const object = own.namespaces.get(agentNamespace)
    if (object === undefined) return
    this.#recorder.record(
      { type: NAMESPACES, object, namespace: agentNamespace },
      {
        type: isLost ? 'Warning' : 'Normal',
        reason: isLost ? 'MemberLost' : 'MemberBack',
        action: 'Read',
        note,
      },
    )
  }

  async #load(clusterId: string, signal: AbortSignal): Promise<void> {
    const { client, agentNamespace, clock, log, onChange } = this.#options
    if (clock() - (this.#loadedAt.get(clusterId) ?? Number.NEGATIVE_INFINITY) < LOAD_AGAIN_MS) return
    this.#loadedAt.set(clusterId, clock())
    try {
      const record = await loadLinkRecord(client, agentNamespace, clusterId, signal)
      const member = new TrackedMember(clusterId, record, clock())
      this.#members.set(clusterId, member)
      if (member.silence.endpoints.silentMs > 0) this.#prober?.recall(clusterId)
      // Imports that asked before were told nothing.
      onChange()
    } catch (error) {
      if (!signal.aborted)
        log.warn({ err: error, peer: clusterId }, 'what is remembered of a link was not read')
    }
  }

  /** One after the other. */
  #save(member: TrackedMember, record: LinkRecord): Promise<void> {
    member.isSaving = true
    const before = this.#saving.get(member.clusterId) ?? Promise.resolve()
    const saving = before.then(() => this.#store(member, record))
    this.#saving.set(member.clusterId, saving)
    return saving
  }

  async #store(member: TrackedMember, record: LinkRecord): Promise<void> {
    const { client, agentNamespace, clock, log } = this.#options
    const { silence, clusterId } = member
    try {
      await saveLinkRecord(client, agentNamespace, clusterId, record)
      member.saved(record, silence, clock())
    } catch (error) {
      member.saveFailed(clock())
      // The agent that leads has seen the same, and remembers it: there may be nothing left to write.
      if (error instanceof NotLeadingError) return await this.#adopt(member)
      log.debug({ err: error, peer: clusterId }, 'the state of a link was not saved, will be tried again')
    } finally {
      member.isSaving = false
    }
  }

  async #adopt(member: TrackedMember): Promise<void> {
    const { client, agentNamespace } = this.#options
    const { signal } = this.#stopping
    await loadLinkRecord(client, agentNamespace, member.clusterId, signal).then(
      record => member.adopt(record),
      // It is asked again when this one would write again.
      () => {},
    )
  }

  #forgetOthers(clusterIds: readonly string[]): void {
    for (const clusterId of this.#members.keys()) {
      if (!clusterIds.includes(clusterId)) void this.forget(clusterId)
    }
  }

  #readings() {
    return [...this.#members.values()].map(member => ({
      clusterId: member.clusterId,
      phase: member.phase(this.#policies.base),
      seconds: member.silence.controlPlane.silentMs / 1000,
    }))
  }
}

function policyTexts(annotations: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(annotations ?? {}).filter(([key]) => isLostMemberPolicyAnnotation(key))
  return JSON.stringify(entries.sort())
}
