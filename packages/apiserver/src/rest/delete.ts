/** DELETE: an object is removed, or marked and held by its finalizers and its grace period. */
import type { ResourceDefinition, StoredMeta, StoredObject } from '../registry/definition.ts'
import { conflict, forbidden, notFound } from '../status/failures.ts'
import {
  type Address,
  type Environment,
  served,
  storageKey,
  toStored,
  type WriteOptions,
  writeContext,
} from './environment.ts'
import { cloneJson } from './json.ts'
import { formatTime } from './scalars.ts'

export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan'

/** `DeleteOptions` of meta/v1. */
export interface DeleteOptions {
  readonly propagationPolicy?: PropagationPolicy
  /** What propagationPolicy was before. */
  readonly orphanDependents?: boolean
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export interface Deleted {
  /** As it was last, or as it is now if something holds it. */
  readonly object: StoredObject
  readonly isGone: boolean
}

export function deleteObject(
  environment: Environment,
  definition: ResourceDefinition,
  { namespace, name }: Address,
  options: DeleteOptions,
  write: WriteOptions,
): Deleted {
  const { storage, now, admit } = environment
  const { dryRun = false } = write
  const key = storageKey(definition)
  const stored = storage.get(key, namespace, name)
  if (stored === undefined) throw notFound(definition, name)
  const old = served(definition, stored)
  const objection = definition.rules.objectionToDeletion?.(old)
  if (objection !== undefined) throw forbidden(definition, name, objection)
  checkPreconditions(definition, old, options.preconditions)
  const context = writeContext(environment, definition, '', write)
  admit?.({ ...context, operation: 'DELETE', namespace, name, object: undefined, oldObject: old })
  const finalizers = finalizersFor(old.metadata.finalizers ?? [], options)
  const grace = definition.rules.gracePeriodSeconds?.(old, options.gracePeriodSeconds) ?? 0
  if (finalizers.length === 0 && grace === 0 && !definition.rules.holdsDeletion?.(old)) {
    if (dryRun) return { object: old, isGone: true }
    const gone = storage.delete(key, namespace, name, stored.metadata.resourceVersion)
    definition.rules.release?.(gone)
    return { object: served(definition, gone), isGone: true }
  }
  const object = marked(definition, old, finalizers, grace, now())
  if (dryRun || object === old) return { object, isGone: false }
  const kept = storage.update(key, toStored(definition, object), stored.metadata.resourceVersion)
  return { object: served(definition, kept), isGone: false }
}

/** The object with its deletion written down; the same object if that adds nothing. */
function marked(
  { rules }: ResourceDefinition,
  old: StoredObject,
  finalizers: readonly string[],
  grace: number,
  now: Date,
): StoredObject {
  const before = old.metadata
  const sameFinalizers = finalizers.join() === (before.finalizers ?? []).join()
  const isMarked = before.deletionTimestamp !== undefined
  const shortens = isMarked && grace < (before.deletionGracePeriodSeconds ?? 0)
  if (isMarked && sameFinalizers && !shortens) return old
  const object = cloneJson(old)
  const { metadata } = object
  delete metadata.finalizers
  if (finalizers.length > 0) metadata.finalizers = [...finalizers]
  if (!isMarked || shortens) {
    // A period that is shortened counts from the first deletion.
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = before
    const since = deletionTimestamp
      ? Date.parse(deletionTimestamp) - 1000 * deletionGracePeriodSeconds
      : now.getTime()
    metadata.deletionTimestamp = formatTime(new Date(since + 1000 * grace))
    metadata.deletionGracePeriodSeconds = grace
  }
  if (!isMarked && metadata.generation) metadata.generation++
  rules.markDeleted?.(object)
  return object
}

/**
 * Who shall act before the object is gone: the garbage collector, if dependents are to be orphaned or to
 * go first. Without a word on it, what was asked for before stands.
 */
function finalizersFor(finalizers: readonly string[], options: DeleteOptions): readonly string[] {
  const { propagationPolicy: policy, orphanDependents } = options
  if (policy === undefined && orphanDependents === undefined) return finalizers
  const others = finalizers.filter(f => f !== 'orphan' && f !== 'foregroundDeletion')
  if (policy === 'Orphan' || orphanDependents === true) return [...others, 'orphan']
  if (policy === 'Foreground') return [...others, 'foregroundDeletion']
  return others
}

function checkPreconditions(
  { group, kind }: ResourceDefinition,
  { metadata }: StoredObject,
  { uid, resourceVersion }: NonNullable<DeleteOptions['preconditions']> = {},
): void {
  const about = { group, plural: kind }
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      about,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(about, metadata.name, resourceVersionMismatch(resourceVersion, metadata))
  }
}

const resourceVersionMismatch = (asked: string, { resourceVersion }: StoredMeta): string =>
  `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`
