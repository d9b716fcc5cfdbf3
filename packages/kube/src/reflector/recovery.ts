import { ApiError, isGone } from '../client/api-error.ts'
import { ConnectionError } from '../client/connection-error.ts'

/** The watch said nothing for longer than the server's bookmarks allow. */
export class SilentWatchError extends Error {
  constructor(ms: number) {
    super(`the watch was silent for ${Math.round(ms / 1000)} s`)
    this.name = 'SilentWatchError'
  }
}

/** The server is at a version below one that was seen: its store is not the one it was. */
export class VersionWentBackError extends Error {
  constructor(from: string, to: string) {
    super(`the server's resourceVersion went back from ${from} to ${to}`)
    this.name = 'VersionWentBackError'
  }
}

/** The last change that was seen did not happen on the server, or not so. */
export class HistoryPartedError extends Error {
  constructor(key: string) {
    super(`the server has another version of ${key} than the last that was seen`)
    this.name = 'HistoryPartedError'
  }
}

/** The server ended a watch at once, without a word. */
export class ShortWatchError extends Error {
  constructor() {
    super('the server ended the watch at once')
    this.name = 'ShortWatchError'
  }
}

export interface Recovery {
  /**
   * `rewatch` goes on from the last version; `recheck` too, if the server has reached that version and has the last
   * change that was seen: behind a connection that was cut there may be one restored from a backup; `relist`
   * lists first.
   */
  from: 'rewatch' | 'recheck' | 'relist'
  /** Without waiting, if it is the first failure in a row. */
  now: boolean
}

const isOneOf = (error: unknown, ...classes: (new (...args: never[]) => Error)[]) =>
  classes.some(type => error instanceof type)

/** 504 is not among them: it is also what a server says that will never reach the version asked for. */
const isPassing = (error: unknown) => error instanceof ApiError && [429, 500, 502, 503].includes(error.code)

/** No connection came about: nothing is known of the server but that it is away. */
export function isUnreached(error: unknown): boolean {
  return error instanceof ConnectionError && error.failure !== 'cut' && error.failure !== 'protocol'
}

const RULES: readonly (readonly [when: (error: unknown) => boolean, recovery: Recovery])[] = [
  [
    error => isGone(error) || isOneOf(error, SilentWatchError, VersionWentBackError, HistoryPartedError),
    { from: 'relist', now: true },
  ],
  // Back from a backup it may be past the version that is known, so that its version tells nothing. A list costs
  // little then: a kube-apiserver that was restarted has forgotten what was before anyway.
  [isUnreached, { from: 'relist', now: false }],
  [error => isOneOf(error, ShortWatchError), { from: 'recheck', now: false }],
  [error => isPassing(error) || isOneOf(error, ConnectionError), { from: 'recheck', now: false }],
]

/** How a watch that failed is taken up again. What no rule names (403, 404, nonsense) is listed again. */
export function recoveryFrom(error: unknown): Recovery {
  return RULES.find(([when]) => when(error))?.[1] ?? { from: 'relist', now: false }
}
