import type { ResourceKey, StoredObject } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import type { LocalApi } from '../rest/local-api.ts'
import { StatusError } from '../status/status.ts'
import { keyOf } from '../storage/collection.ts'
import { type Reconcile, WorkQueue } from './work-queue.ts'

/** What controllers work with. */
export interface ControllerContext {
  readonly api: LocalApi
  readonly registry: Registry
  readonly now: () => Date
  /** A reconcile failed and will be repeated. */
  readonly onError: (controller: string, key: string, error: unknown) => void
}

export interface Controller {
  readonly name: string
  readonly watches: readonly Watch[]
  /** Further sources of keys; answers how to end them. */
  readonly subscribe?: (add: (key: string) => void) => () => void
  /** Takes a key, reads, computes what should be, writes the difference. Reads see all writes before. */
  readonly reconcile: Reconcile
}

export interface Watch {
  readonly resource: ResourceKey
  /** Keys to reconcile because of a change; `object` and `before` are the same object's states, one may be missing. */
  readonly keysOf: (object: StoredObject | undefined, before: StoredObject | undefined) => Iterable<string>
}

/** Runs a controller until the answer is called. */
export function runController(context: ControllerContext, controller: Controller): () => void {
  const queue = new WorkQueue(
    key => {
      try {
        return controller.reconcile(key)
      } catch (error) {
        // Nothing can be created there any more, and soon there is nothing to reconcile either.
        if (isNamespaceTerminating(error)) return undefined
        throw error
      }
    },
    (key, error) => {
      // Somebody else was faster: the next try sees what they wrote.
      if (!(error instanceof StatusError && error.code === 409)) context.onError(controller.name, key, error)
    },
  )
  const ends = controller.watches.map(({ resource, keysOf }) => {
    const known = new Map<string, StoredObject>()
    return context.api.watch(resource, ({ type, object }) => {
      const key = keyOf(object)
      const before = known.get(key)
      if (type === 'DELETED') known.delete(key)
      else known.set(key, object)
      const keys = type === 'DELETED' ? keysOf(undefined, before ?? object) : keysOf(object, before)
      for (const affected of keys) queue.add(affected)
    })
  })
  const endSubscription = controller.subscribe?.(key => queue.add(key))
  return () => {
    for (const end of ends) end()
    endSubscription?.()
    queue.stop()
  }
}

/** The object's own key. */
export const itself: Watch['keysOf'] = (object, before) => {
  const some = object ?? before
  return some ? [keyOf(some)] : []
}

/** The key of the object's controller, if it is of this kind. */
export function itsController(apiVersion: string, kind: string): Watch['keysOf'] {
  return (object, before) =>
    [object, before].flatMap(some => {
      const owner = some && controllerOf(some)
      if (owner?.kind !== kind || owner.apiVersion !== apiVersion) return []
      return [`${some?.metadata.namespace}/${owner.name}`]
    })
}

export const controllerOf = (object: StoredObject) =>
  object.metadata.ownerReferences?.find(owner => owner.controller === true)

export const isControlledBy = (object: StoredObject, owner: StoredObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid

export function controllerReference({ apiVersion, kind, metadata }: StoredObject) {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** `namespace/name` in its parts; of cluster scoped objects the namespace is undefined. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/')
  return { namespace: slash < 0 ? undefined : key.slice(0, slash), name: key.slice(slash + 1) }
}

function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false
  return error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false
}
