/** When a token is over, and when it is time for the next one. */

export interface Lifetime {
  /** RFC 3339. */
  readonly issuedAt: string
  readonly expiresAt: string
}

/** A token that says it lasts longer is renewed as if it lasted so long: what it says is not known to be true. */
const LONGEST_MS = 24 * 3_600_000

/** Half of its life has passed: whoever renews it has the other half to succeed. `now`: milliseconds since the epoch. */
export function isHalfOver({ issuedAt, expiresAt }: Lifetime, now: number): boolean {
  const issued = Date.parse(issuedAt)
  const life = Math.min(Date.parse(expiresAt) - issued, LONGEST_MS)
  // A clock that was set back by more than a life would otherwise wait for itself.
  return now < issued - life || now >= issued + life / 2
}

export function isExpired({ expiresAt }: Lifetime, now: number): boolean {
  return now >= Date.parse(expiresAt)
}
