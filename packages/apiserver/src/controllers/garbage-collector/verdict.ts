import type { OwnerReference, StoredObject } from '../../registry/definition.ts'

export const FOREGROUND = 'foregroundDeletion'
export const ORPHAN = 'orphan'

/**
 * `solid`: there, and here to stay; `waiting`: on its way out, once its dependents are gone; `dangling`: not
 * there, or another object of the name; `unknown`: of a kind that nobody can look up, so nothing is done.
 */
export type OwnerState = 'solid' | 'waiting' | 'dangling' | 'unknown'

export type Verdict =
  | { readonly action: 'keep' }
  | { readonly action: 'disown'; readonly owners: readonly string[] }
  | { readonly action: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan' }

/** What becomes of an object that has owners. It goes when none of them is left. */
export function verdictOn(
  object: StoredObject,
  stateOf: (owner: OwnerReference) => OwnerState,
  hasDependents: boolean,
): Verdict {
  const owners = object.metadata.ownerReferences ?? []
  const states = new Map(owners.map(owner => [owner.uid, stateOf(owner)]))
  const inState = (state: OwnerState) => [...states].filter(([, is]) => is === state).map(([uid]) => uid)
  if (owners.length === 0 || inState('unknown').length > 0) return { action: 'keep' }
  const waiting = inState('waiting')
  if (inState('solid').length > 0) {
    const leaving = [...inState('dangling'), ...waiting]
    return leaving.length > 0 ? { action: 'disown', owners: leaving } : { action: 'keep' }
  }
  if (waiting.length > 0 && hasDependents) return { action: 'delete', policy: 'Foreground' }
  return { action: 'delete', policy: policyOf(object) }
}

/** What was asked for when the object was deleted before stands. */
function policyOf({ metadata: { finalizers = [] } }: StoredObject): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes(ORPHAN)) return 'Orphan'
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background'
}

/** Whether the object is held until its dependents are gone (or let go of). */
export const isHeldBy = ({ metadata }: StoredObject, finalizer: string): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers?.includes(finalizer) ?? false)
