import { ApiError, ConnectionError } from '@isthmus/kube'
import type { Logger } from 'pino'

/** How often a failure that lasts is told of. */
const AGAIN_MS = 60_000
/** More different failures at a time are not kept apart: the oldest are told of as if they were new. */
const MAX_KNOWN = 1_000

interface Known {
  toldAt: number
  /** Since it was told of last. */
  repeated: number
}

/**
 * Tells of failures that are tried again for ever: a line for each one that differs, at once, and again once a
 * minute while it lasts, with how often it happened since. Every attempt is told of at level debug.
 */
export class FailureLog {
  readonly #log: Pick<Logger, 'debug' | 'warn' | 'error'>
  readonly #elapsed: () => number
  readonly #known = new Map<string, Known>()

  /** `elapsed`: milliseconds that do not go back. */
  constructor(
    log: Pick<Logger, 'debug' | 'warn' | 'error'>,
    elapsed: () => number = () => performance.now(),
  ) {
    this.#log = log
    this.#elapsed = elapsed
  }

  /** `what` is the message; with `where`, for people, it tells one failure from another. */
  failed(what: string, error: unknown, where: Readonly<Record<string, string | number>>): void {
    this.#log.debug({ err: error, ...where }, what)
    const key = identityOf(what, error, where)
    const known = this.#known.get(key)
    const now = this.#elapsed()
    if (known !== undefined && now - known.toldAt < AGAIN_MS) {
      known.repeated++
      return
    }
    const repeated = known === undefined || known.repeated === 0 ? {} : { repeated: known.repeated }
    this.#remember(key, { toldAt: now, repeated: 0 })
    if (isExpected(error)) this.#log.warn({ why: error.message, ...where, ...repeated }, what)
    // Of a mistake of our own, whoever mends it wants to know where it is.
    else this.#log.error({ err: error, ...where, ...repeated }, what)
  }

  #remember(key: string, known: Known): void {
    this.#known.delete(key)
    this.#known.set(key, known)
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string)
  }
}

/**
 * A server that cannot be reached is one failure, whatever was asked of it; one that fails, or does not serve a
 * kind, is one for each thing that is done there. Everything else differs by its words.
 */
function identityOf(what: string, error: unknown, where: Readonly<Record<string, string | number>>): string {
  if (error instanceof ConnectionError) return `${error.server} ${error.words}`
  if (error instanceof ApiError && (error.code >= 500 || error.code === 429 || error.code === 404))
    return `${what} ${where.controller ?? ''} ${error.code} ${error.reason}`
  return `${what} ${where.controller ?? ''} ${where.key ?? ''} ${error}`
}

function isExpected(error: unknown): error is Error {
  return error instanceof ApiError || error instanceof ConnectionError
}
