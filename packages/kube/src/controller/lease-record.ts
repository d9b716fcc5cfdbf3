import type { Lease } from '@isthmus/api'

/** A Lease as it was last seen to change, and when: by the reader's own clock, never by the times in it. */
export interface ObservedLease {
  lease: Lease
  changedAt: number
}

export interface Candidate {
  identity: string
  leaseDurationMs: number
  /** Whether a holder is known to have ended: nothing is to be waited for then. */
  isDead?: ((holder: string) => boolean) | undefined
}

/** What is to be done about a Lease: it is ours to hold (again), or it is another's for so much longer. */
export type LeaseDecision = { kind: 'hold'; spec: NonNullable<Lease['spec']> } | { kind: 'wait'; ms: number }

/** Pure: `elapsed` is of the clock of `changedAt`, `now` is the wall clock's, to be written down. */
export function decideLease(
  observed: ObservedLease | undefined,
  { identity, leaseDurationMs, isDead }: Candidate,
  elapsed: number,
  now: number,
): LeaseDecision {
  const current = observed?.lease.spec
  const holder = current?.holderIdentity ?? ''
  if (observed !== undefined && holder !== '' && holder !== identity) {
    const durationMs = (current?.leaseDurationSeconds ?? leaseDurationMs / 1000) * 1000
    const ms = observed.changedAt + durationMs - elapsed
    if (ms > 0 && isDead?.(holder) !== true) return { kind: 'wait', ms }
  }
  const continued = holder === identity
  const transitions = current?.leaseTransitions ?? 0
  const time = microTime(now)
  return {
    kind: 'hold',
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: (continued ? current?.acquireTime : undefined) ?? time,
      renewTime: time,
      leaseTransitions: continued || observed === undefined ? transitions : transitions + 1,
    },
  }
}

/** A Lease that was given back: the next candidate need not wait for its end. */
export function releasedSpec(spec: Lease['spec'], now: number): NonNullable<Lease['spec']> {
  return { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) }
}

/** `metav1.MicroTime` is parsed with exactly six digits after the second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
