/** How long to wait after the n-th failure in a row. */
export interface BackoffOptions {
  initialMs: number
  maxMs: number
  factor: number
}

/**
 * The delay before attempt `failures` + 1: grows exponentially from `initialMs` to `maxMs`, of which half is
 * random, so that those who failed together do not come back together.
 */
export function backoffDelay(
  { initialMs, maxMs, factor }: BackoffOptions,
  failures: number,
  random: () => number = Math.random,
): number {
  const full = Math.min(initialMs * factor ** Math.max(0, failures - 1), maxMs)
  return full / 2 + (full / 2) * random()
}
