import { ApiError, isGone } from '../client/api-error.ts'
import { ConnectionError } from '../client/connection-error.ts'

/** The watch said nothing for longer than the server's bookmarks allow. */
export class SilentWatchError extends Error {
  constructor(ms: number) {
    super(`the watch was silent for ${Math.round(ms / 1000)} s`)
    this.name = 'SilentWatchError'
  }
}

/** The watch told of a version below one that was seen: the server's store is another one than before. */
export class VersionWentBackError extends Error {
  constructor(from: string, to: string) {
    super(`the resourceVersion went back from ${from} to ${to}`)
    this.name = 'VersionWentBackError'
  }
}

/** The server ended a watch almost at once, without a word. */
export class ShortWatchError extends Error {
  constructor() {
    super('the server ended the watch at once')
    this.name = 'ShortWatchError'
  }
}

/** `rewatch` goes on from the last version; `relist` lists first. `now`: without waiting, if it is the first failure. */
export interface Recovery {
  from: 'rewatch' | 'relist'
  now: boolean
}

const RULES: readonly (readonly [when: (error: unknown) => boolean, recovery: Recovery])[] = [
  [isGone, { from: 'relist', now: true }],
  [error => error instanceof SilentWatchError, { from: 'relist', now: true }],
  [error => error instanceof VersionWentBackError, { from: 'relist', now: true }],
  [error => error instanceof ShortWatchError, { from: 'rewatch', now: false }],
  [error => error instanceof ConnectionError, { from: 'rewatch', now: false }],
  // 504 is also what a server says that has not reached the version asked for: it may never reach it.
  [
    error => error instanceof ApiError && [429, 500, 502, 503].includes(error.code),
    { from: 'rewatch', now: false },
  ],
]

/** How a watch that failed is taken up again. What no rule names (403, 404, nonsense) is listed again. */
export function recoveryFrom(error: unknown): Recovery {
  return RULES.find(([when]) => when(error))?.[1] ?? { from: 'relist', now: false }
}
