/** How a reconcile ended. */
export type Outcome =
  /** What should be, is. */
  | { readonly kind: 'done' }
  /** All well; look again later, for something that time brings. */
  | { readonly kind: 'requeue'; readonly afterMs: number }
  /** It failed: again, with backoff. */
  | { readonly kind: 'retry'; readonly error: unknown }

const DONE: Outcome = { kind: 'done' }

export const done = (): Outcome => DONE
export const requeueAfter = (ms: number): Outcome => ({ kind: 'requeue', afterMs: ms })
export const retry = (error: unknown): Outcome => ({ kind: 'retry', error })
