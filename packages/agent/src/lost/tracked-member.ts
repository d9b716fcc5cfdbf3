import {
  DEFAULT_LOST_MEMBER_POLICY,
  isLost,
  LOST_AFTER_MS,
  type LostMemberPolicy,
  type MemberPhase,
  type MemberSilence,
  NO_SILENCE,
  PRESENT_MEMBER,
  phaseOf,
} from '@isthmus/core'
import type { LinkState, LinkStatus } from '../options.ts'
import { time } from '../timestamps.ts'
import type { LinkRecord } from './link-record.ts'

/** A state that passes is not worth a write: a connection that breaks, the restart of an API server. */
const SETTLED_MS = 15_000
/** While a member is lost, how long it has been is written so often: a restart forgets at most this. */
const REFRESH_MS = 3_600_000
/** The same state, for another reason, is written so often at most: a peer chooses some of the words. */
const RESAY_MS = 60_000
/** What could not be written is tried again. */
const RETRY_MS = 5_000
/** At a clean end, less is not worth a write. */
const WORTH_SAVING_MS = 600_000

/** What this process knows of one member's absence, and what the cluster remembers of it. */
export class TrackedMember {
  readonly clusterId: string
  silence: MemberSilence = PRESENT_MEMBER
  /** As last told; undefined until this process knows. */
  state: Pick<LinkStatus, 'state' | 'reason'> | undefined
  isSaving = false
  /** When it was last heard of, in milliseconds; while it is lost. */
  #lastHeard: number | undefined
  #stateSince: number
  #stored: LinkRecord | undefined
  /** What is remembered of its silence: another process would go on from there. */
  #savedSilence: MemberSilence = PRESENT_MEMBER
  #savedAt: number
  #retryAt = Number.NEGATIVE_INFINITY

  constructor(clusterId: string, stored: LinkRecord | undefined, now: number) {
    this.clusterId = clusterId
    this.#stateSince = now
    this.#savedAt = now
    this.#stored = stored
    if (stored === undefined) return
    const since = Date.parse(stored.since)
    if (!Number.isNaN(since)) this.#stateSince = since
    if (stored.phase === 'present') return
    this.silence = silenceIn(stored)
    this.#savedSilence = this.silence
    this.state = { state: stored.state, reason: stored.reason }
    this.#lastHeard = Number.isNaN(since) ? undefined : since
  }

  phase(policy: LostMemberPolicy): MemberPhase {
    return phaseOf(this.silence, policy)
  }

  /** Since when nothing has been heard of it, as RFC 3339; empty while it is not lost. */
  get since(): string {
    return this.#lastHeard === undefined ? '' : time(this.#lastHeard)
  }

  get stateSince(): number {
    return this.#lastHeard ?? this.#stateSince
  }

  /** Takes note of how it is now. Whether it is something else to any service than it was. */
  observe(
    silence: MemberSilence,
    lastRenewal: number | undefined,
    policies: readonly LostMemberPolicy[],
    now: number,
  ): boolean {
    const isNew = differs(this.silence, silence, policies)
    this.silence = silence
    if (!isLost(silence.unheard)) this.#lastHeard = undefined
    else this.#lastHeard ??= lastRenewal ?? now - silence.unheard.silentMs
    return isNew
  }

  /** Answers the state before, where it is another one now. */
  enter(state: Pick<LinkStatus, 'state' | 'reason'>, now: number): LinkState | 'none' | undefined {
    const before = this.state?.state
    this.state = state
    if (before === state.state) return undefined
    this.#stateSince = now
    return before ?? 'none'
  }

  /** What to remember now; undefined where that is remembered already. */
  toSave(services: number, policies: readonly LostMemberPolicy[], now: number): LinkRecord | undefined {
    if (this.isSaving || now < this.#retryAt || this.state === undefined) return undefined
    // Nothing is known of it yet that was not known before, unless it is why it does not connect.
    if (this.state.state === 'connecting' && this.state.reason === undefined) return undefined
    const isSettled = now - this.#stateSince >= SETTLED_MS
    const isOther = isSettled && this.state.state !== this.#stored?.state
    const isOtherwise = isSettled && now - this.#savedAt >= RESAY_MS && this.#saysOtherwise(policies[0])
    // What was done because of a silence is not undone by a restart that has forgotten it.
    const isDone = differs(this.#savedSilence, this.silence, policies)
    const isOld = isLost(this.silence.unheard) && now - this.#savedAt >= REFRESH_MS
    return isOther || isOtherwise || isDone || isOld ? this.#record(services, policies[0]) : undefined
  }

  /** What to remember at a clean end. */
  toSaveAtEnd(services: number, policies: readonly LostMemberPolicy[], now: number): LinkRecord | undefined {
    const isWorthIt = isLost(this.silence.unheard) && now - this.#savedAt >= WORTH_SAVING_MS
    return isWorthIt ? this.#record(services, policies[0]) : undefined
  }

  saved(record: LinkRecord, silence: MemberSilence, now: number): void {
    this.#stored = record
    this.#savedSilence = silence
    this.#savedAt = now
  }

  /** Another agent of this cluster has written it. */
  adopt(record: LinkRecord | undefined): void {
    this.#stored = record
    this.#savedSilence = record === undefined ? PRESENT_MEMBER : silenceIn(record)
  }

  saveFailed(now: number): void {
    this.#retryAt = now + RETRY_MS
  }

  /** What is remembered tells another reason, or what another policy made of it: a person would read that. */
  #saysOtherwise(base: LostMemberPolicy = DEFAULT_LOST_MEMBER_POLICY): boolean {
    const { reason = '', phase } = this.#stored ?? {}
    return reason !== (this.state?.reason ?? '') || phase !== this.phase(base)
  }

  /** `base`: the policy of services without one of their own. */
  #record(services: number, base: LostMemberPolicy = DEFAULT_LOST_MEMBER_POLICY): LinkRecord {
    const seconds = ({ silentMs }: { silentMs: number }) => Math.floor(silentMs / 1000)
    const { controlPlane, endpoints, apiServer } = this.silence
    return {
      state: this.state?.state ?? 'connecting',
      reason: this.state?.reason ?? '',
      since: time(this.stateSince),
      phase: this.phase(base),
      services,
      controlPlaneSeconds: seconds(controlPlane),
      endpointsSeconds: seconds(endpoints),
      apiServerSeconds: seconds(apiServer),
    }
  }
}

/** Time in which nobody looked does not count: a silence goes on from where it was. */
function silenceIn({ phase, ...record }: LinkRecord): MemberSilence {
  if (phase === 'present') return PRESENT_MEMBER
  const silence = (seconds: number) => ({ ...NO_SILENCE, silentMs: seconds * 1000 })
  return {
    unheard: { ...NO_SILENCE, silentMs: Math.max(LOST_AFTER_MS, record.controlPlaneSeconds * 1000) },
    controlPlane: silence(record.controlPlaneSeconds),
    endpoints: silence(record.endpointsSeconds),
    apiServer: silence(record.apiServerSeconds),
  }
}

function differs(a: MemberSilence, b: MemberSilence, policies: readonly LostMemberPolicy[]): boolean {
  return policies.some(policy => phaseOf(a, policy) !== phaseOf(b, policy))
}
