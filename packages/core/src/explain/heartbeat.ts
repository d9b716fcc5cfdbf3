import type { Lease } from '@isthmus/api'

/** Without a duration of its own, a Lease of a publisher lives this long. */
const DEFAULT_DURATION_SECONDS = 40

/**
 * For how long a Lease has not been renewed, in milliseconds, by the clock most in its favour: a
 * machine's clock may be wrong, an agent that is called dead while it works is worse than a late finding.
 * Undefined: it never was.
 */
export function silenceOf(lease: Lease, clocks: readonly number[]): number | undefined {
  const renewed = Date.parse(lease.spec?.renewTime ?? '')
  if (Number.isNaN(renewed)) return undefined
  return Math.max(0, Math.min(...clocks) - renewed)
}

/** Whether whoever holds the Lease renews it, as far as one look can tell. */
export function isRenewed(lease: Lease, clocks: readonly number[]): boolean {
  const silence = silenceOf(lease, clocks)
  if (silence === undefined) return false
  return silence <= (lease.spec?.leaseDurationSeconds ?? DEFAULT_DURATION_SECONDS) * 1000
}

/** `12 s`, `3 min`, `5 h`, `2 days`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
