import { LOST_AFTER_MS } from './policy.ts'

/**
 * For how long something has been silent. It is counted, not measured from a point in time: time in which nobody
 * could have heard anything (this agent did not run, or was cut off itself) is no silence of the other side.
 */
export interface Silence {
  /** Milliseconds. */
  readonly silentMs: number
  /** For how long it has been heard again, while that is not long enough to be trusted. Milliseconds. */
  readonly heardMs: number
}

export const NO_SILENCE: Silence = { silentMs: 0, heardMs: 0 }

/** What has been silent for long is back when it was heard for so long: one that comes and goes changes nothing. */
export const STEADY_MS = 10_000

/** The silence after another look, `elapsedMs` later. `graceMs`: what is shorter ends with the first sound. */
export function nextSilence(
  { silentMs, heardMs }: Silence,
  isHeard: boolean,
  elapsedMs: number,
  graceMs: number,
): Silence {
  if (!isHeard) return { silentMs: silentMs + elapsedMs, heardMs: 0 }
  const heardFor = heardMs + elapsedMs
  return silentMs < graceMs || heardFor >= STEADY_MS ? NO_SILENCE : { silentMs, heardMs: heardFor }
}

/** All that is known of a member's absence. The last three count for the policy, and are named as its rules. */
export interface MemberSilence {
  /** Nothing new was learned of it, whosever fault that is. */
  readonly unheard: Silence
  /** The same, in time that counts. */
  readonly controlPlane: Silence
  /** None of the endpoints that were probed answered, though they had before. */
  readonly endpoints: Silence
  /** Its API server did not answer. */
  readonly apiServer: Silence
}

export const PRESENT_MEMBER: MemberSilence = {
  unheard: NO_SILENCE,
  controlPlane: NO_SILENCE,
  endpoints: NO_SILENCE,
  apiServer: NO_SILENCE,
}

export interface MemberObservation {
  /** Its exchange can be read. */
  readonly isRead: boolean
  /** Its API server answers, were it to refuse: a token that expired is our loss, and it is not gone. */
  readonly isServing: boolean
  /** Its publisher's Lease was seen renewed a moment ago. */
  readonly isHeard: boolean
  /** Undefined while probes say nothing: they are off, or never worked from here. */
  readonly isAnswered: boolean | undefined
}

export interface Elapsed {
  /** Milliseconds since the last look. */
  readonly passedMs: number
  /** How much of them counts against a member: see {@link countedTime}. */
  readonly countedMs: number
}

/** Endpoints that answer at all are not lost: only after this do they have to be steady to be trusted again. */
const ENDPOINTS_GRACE_MS = 30_000

/** The silence of a member after another look at it. */
export function nextMemberSilence(
  { unheard, controlPlane, endpoints, apiServer }: MemberSilence,
  { isRead, isServing, isHeard, isAnswered }: MemberObservation,
  { passedMs, countedMs }: Elapsed,
): MemberSilence {
  const isCurrent = isRead && isHeard
  // What is heard counts as such whoever is cut off; what is not, only in time that counts.
  const next = (silence: Silence, isThere: boolean, graceMs: number) =>
    nextSilence(silence, isThere, isThere ? passedMs : countedMs, graceMs)
  return {
    unheard: nextSilence(unheard, isCurrent, passedMs, LOST_AFTER_MS),
    controlPlane: next(controlPlane, isCurrent, LOST_AFTER_MS),
    endpoints: isAnswered === undefined ? endpoints : next(endpoints, isAnswered, ENDPOINTS_GRACE_MS),
    apiServer: next(apiServer, isServing, LOST_AFTER_MS),
  }
}

/** Looks come every few seconds: of a longer pause, this process slept, or its clock was set. */
export const MAX_STEP_MS = 20_000

/** How much time passed for who was awake. */
export function passedTime(elapsedMs: number): number {
  return Math.min(Math.max(0, elapsedMs), MAX_STEP_MS)
}

export interface Circumstances {
  readonly passedMs: number
  /** Whether this agent's own API server answers it. */
  readonly ownAnswers: boolean
  /** For each peer, whether anything of it is heard, or answers. */
  readonly peers: readonly boolean[]
}

/**
 * How much of the time since the last look counts against members that are silent. None where the likelier
 * explanation is that this agent is cut off: its own API server does not answer, or several peers are silent all
 * at once. With one peer there is nobody to compare it with, and time counts.
 */
export function countedTime({ passedMs, ownAnswers, peers }: Circumstances): number {
  return !ownAnswers || isCutOff(peers) ? 0 : passedMs
}

/** Whether nothing at all is heard of several peers. */
export function isCutOff(peers: readonly boolean[]): boolean {
  return peers.length > 1 && !peers.includes(true)
}
