import type { Status } from '@isthmus/api'

/**
 * How long a server asks us to stay away: the Retry-After header (seconds, or an HTTP date) or else the
 * Status' retryAfterSeconds. Undefined if it does not say, or says nonsense; at most an hour.
 */
export function parseRetryAfter(
  header: string | undefined,
  status?: Status,
  now: number = Date.now(),
): number | undefined {
  const bounded = (ms: number) => Math.min(Math.max(ms, 0), 3_600_000)
  if (header !== undefined) {
    const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : undefined
    if (seconds !== undefined) return bounded(seconds * 1000)
    const date = Date.parse(header)
    if (!Number.isNaN(date)) return bounded(date - now)
  }
  const seconds = status?.details?.retryAfterSeconds
  return typeof seconds === 'number' && seconds > 0 ? bounded(seconds * 1000) : undefined
}
