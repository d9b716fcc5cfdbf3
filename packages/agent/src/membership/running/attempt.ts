import { isConflict, type Outcome, requeueAfter } from '@isthmus/kube'
import { whyUnreadable } from '../../links/link-reason.ts'

/** It was tried a moment ago, or is under way: what was told of that stands. */
export class NotYet {
  readonly waitMs: number

  constructor(waitMs: number) {
    this.waitMs = waitMs
  }
}

/** By when a write of ours is in the caches; until then it is not repeated. */
export const CACHE_LAG_MS = 2_000

/**
 * What fails is told, keeps nothing else from being done, and is tried again at the next look.
 * @param tell is given why it failed; undefined once it did not.
 */
export async function attempt(
  act: () => Promise<Outcome | NotYet>,
  tell: (why: string | undefined) => void,
): Promise<Outcome> {
  try {
    const outcome = await act()
    if (outcome instanceof NotYet) return requeueAfter(outcome.waitMs)
    tell(undefined)
    return outcome
  } catch (error) {
    if (!isConflict(error)) tell(whyUnreadable(error as Error))
    return requeueAfter(CACHE_LAG_MS)
  }
}
