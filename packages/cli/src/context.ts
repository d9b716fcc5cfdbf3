/** What a command has of the world around it; tests hand it one of their own. */
export interface CommandContext {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths start here. */
  readonly cwd: string
  /**
   * Aborts when the person (or the init system) wants the command to end: SIGINT, SIGTERM, SIGHUP. From the
   * first call on these signals no longer end the process by themselves; a second one does, at once.
   */
  stopSignal(): AbortSignal
}

export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

/** Of the process itself. */
export function processContext(): CommandContext {
  let stopping: AbortController | undefined
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    stopSignal() {
      if (stopping === undefined) {
        const controller = new AbortController()
        stopping = controller
        const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
        for (const [name, number] of Object.entries(numbers)) {
          process.on(name, () => {
            if (controller.signal.aborted) process.exit(128 + number)
            controller.abort()
          })
        }
      }
      return stopping.signal
    },
  }
}

/** Resolves when it is time to end. */
export function stopRequested(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
