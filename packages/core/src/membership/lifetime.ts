/** When a token is over, and when it is time for the next one. */

export interface Lifetime {
  /** RFC 3339. */
  readonly issuedAt: string
  readonly expiresAt: string
}

/** Half of its life has passed: whoever renews it has the other half to succeed. `now`: milliseconds since the epoch. */
export function isHalfOver({ issuedAt, expiresAt }: Lifetime, now: number): boolean {
  const issued = Date.parse(issuedAt)
  // A clock that was set back by more than a life would otherwise wait for itself.
  if (now < issued - (Date.parse(expiresAt) - issued)) return true
  return now >= (issued + Date.parse(expiresAt)) / 2
}

export function isExpired({ expiresAt }: Lifetime, now: number): boolean {
  return now >= Date.parse(expiresAt)
}
