import { type Clock, type ClusterClient, isAlreadyExists, isConflict, LeaderLease } from '@isthmus/kube'
import type { Logger } from 'pino'
import { forgetIdentity, isKnownDead, newIdentity } from './process-identity.ts'

/** Name of the Lease, in the namespace of the agent. */
export const LEADER_LEASE_NAME = 'isthmus-agent'

export interface LeadershipOptions {
  /** Of this agent alone. Default: host name, process id, and something random. */
  readonly identity?: string | undefined
  /** Defaults: see {@link TIMES}. */
  readonly times?: Partial<Record<keyof typeof TIMES, number>> | undefined
  readonly clock?: Clock | undefined
}

/**
 * Of a leader that crashed, the end is noticed within the duration and one look: 11.2 s. One that cannot
 * renew has ceased to write 3 s before anybody else begins. One that stopped is followed within one look.
 */
export const TIMES = {
  leaseDurationMs: 10_000,
  renewDeadlineMs: 7_000,
  retryPeriodMs: 2_000,
  pollPeriodMs: 1_000,
} as const

/** Who of several agents of one cluster writes. */
export interface Leadership
  extends Pick<LeaderLease, 'leading' | 'holder' | 'decided' | 'subscribe' | 'start' | 'stop'> {
  /** Why the Lease could not be read or written last; undefined while this agent leads. */
  readonly failure: string | undefined
}

export interface LeadershipContext {
  readonly client: ClusterClient
  readonly namespace: string
  readonly log: Logger
}

/** `always`: without a Lease, as if nobody else was there; for tests of agents that wrongly believe to lead. */
export function leadershipOf(
  options: LeadershipOptions | 'always' | undefined,
  { client, namespace, log }: LeadershipContext,
): Leadership {
  if (options === 'always') return ALWAYS
  const identity = options?.identity ?? newIdentity()
  let failure: string | undefined
  const failed = (error: unknown) => {
    log.debug({ err: error }, 'the Lease of the leading agent')
    // Several want it: one of them gets it.
    if (isConflict(error) || isAlreadyExists(error)) return
    const why = error instanceof Error ? error.message : String(error)
    if (why !== failure) log.warn({ why }, 'the Lease of the leading agent cannot be read or written')
    failure = why
  }
  const lease = new LeaderLease({
    client,
    namespace,
    name: LEADER_LEASE_NAME,
    identity,
    ...TIMES,
    ...options?.times,
    isDead: isKnownDead,
    onHolder: holder => {
      if (holder !== undefined && holder !== identity)
        log.info({ leader: holder }, 'another agent of this cluster leads: this one stands by')
    },
    onError: failed,
    clock: options?.clock,
  })
  return {
    get leading() {
      return lease.leading
    },
    get failure() {
      if (lease.leading) failure = undefined
      return failure
    },
    get holder() {
      return lease.holder
    },
    get decided() {
      return lease.decided
    },
    subscribe: listener => lease.subscribe(listener),
    start: () => lease.start(),
    stop: async () => {
      await lease.stop()
      forgetIdentity(identity)
    },
  }
}

const ALWAYS: Leadership = {
  leading: true,
  decided: true,
  failure: undefined,
  holder: undefined,
  subscribe: () => () => {},
  start: () => {},
  stop: async () => {},
}
