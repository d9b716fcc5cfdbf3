/** How long to wait before a container is started again. */
export interface RestartBackoff {
  readonly initialMs: number
  readonly maximumMs: number
  /** A container that ran for as long as this starts from the beginning. */
  readonly resetAfterMs: number
}

/** Kubernetes begins with 10 s and goes to 5 min; somebody at a playground waits for it. */
export const RESTART_BACKOFF: RestartBackoff = { initialMs: 1000, maximumMs: 60_000, resetAfterMs: 60_000 }

/** `failures`: how often it ended in a row, this time included. */
export function restartDelayMs(failures: number, { initialMs, maximumMs }: RestartBackoff): number {
  return Math.min(initialMs * 2 ** (failures - 1), maximumMs)
}
