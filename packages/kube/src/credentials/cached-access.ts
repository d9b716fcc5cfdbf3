import { isDeepStrictEqual } from 'node:util'
import type { Access, Credentials } from './credentials.ts'

/** As client-go reads token files again. A kubelet renews a token when a fifth of its life is left. */
const MAX_AGE_MS = 60_000

/**
 * Keeps what `read` gives for a minute, or until it says, and gives the same object for as long as it is the
 * same: a new one may cost new connections. Requests that ask while it is being read wait for the one reading.
 */
export function cachedAccess(
  read: (refresh: boolean) => Promise<Access>,
  now = () => Date.now(),
): Credentials['access'] {
  let last: { access: Access; readAt: number } | undefined
  let reading: Promise<Access> | undefined

  const readAgain = async (refresh: boolean): Promise<Access> => {
    const access = await read(refresh)
    const same = last !== undefined && isDeepStrictEqual(last.access, access)
    last = { access: same && last !== undefined ? last.access : access, readAt: now() }
    return last.access
  }

  return ({ refresh = false } = {}) => {
    if (!refresh && last !== undefined && now() - last.readAt < MAX_AGE_MS)
      return Promise.resolve(last.access)
    reading ??= readAgain(refresh).finally(() => {
      reading = undefined
    })
    return reading
  }
}
