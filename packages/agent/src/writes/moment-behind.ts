import { isAlreadyExists, isConflict, isKindMissing, isNotFound } from '@isthmus/kube'

/** A cache that has not caught up by then does not: somebody has to know. */
const MOMENT_MS = 5_000

/**
 * Whether a write was refused only because the object was changed, made or deleted since the cache heard of it:
 * the next try, after `retryInMs`, computes from what the server has now.
 */
export function isMomentBehind(error: unknown, retryInMs: number): boolean {
  const raced = isConflict(error) || isAlreadyExists(error) || (isNotFound(error) && !isKindMissing(error))
  return raced && retryInMs < MOMENT_MS
}
