/** GET with `watch`: what is there or what happened since a version, then every change, as the selectors see it. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { expired, resourceVersionTooLarge } from '../status/failures.ts'
import type { StorageEvent } from '../storage/collection.ts'
import { type Environment, served, storageKey } from './environment.ts'
import { listObjects, type Selection, selects } from './list.ts'

export interface WatchQuery extends Selection {
  /** undefined or 0: what is there comes first, as ADDED. */
  readonly resourceVersion: number | undefined
  readonly sendInitialEvents: boolean | undefined
  readonly bookmarks: boolean
  readonly timeoutSeconds: number | undefined
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** In the version of the definition. The same object for all watches that select it. */
  readonly object: StoredObject
}

export interface OpenWatch {
  /** What is there, to be sent as ADDED. */
  readonly initial: readonly StoredObject[]
  /** What happened since the version asked for. */
  readonly history: readonly WatchEvent[]
  close(): void
}

/**
 * The listener gets all that comes after `initial` and `history`, within the turn of the write. Throws
 * a StatusError: 410 if the history does not go back that far (to be sent as an ERROR event), 504.
 */
export function openWatch(
  environment: Environment,
  definition: ResourceDefinition,
  namespace: string | undefined,
  query: WatchQuery,
  listener: (event: WatchEvent) => void,
): OpenWatch {
  const { storage } = environment
  const collection = storage.collection(storageKey(definition))
  const asked = query.resourceVersion ?? 0
  const wantsState = query.sendInitialEvents ?? asked === 0
  if (wantsState && asked > storage.revision) throw resourceVersionTooLarge(asked, storage.revision)
  const after = wantsState || asked === 0 ? storage.revision : asked
  if (after < collection.compactedRevision) {
    throw expired(`too old resource version: ${asked} (${collection.compactedRevision})`)
  }
  const translate = (event: StorageEvent) => selected(definition, namespace, query, event)
  const close = collection.subscribe(event => {
    if (event.revision <= after) return
    const translated = translate(event)
    if (translated) listener(translated)
  })
  return {
    initial: wantsState ? listObjects(environment, definition, namespace, selectionOf(query)).items : [],
    history: collection
      .since(after)
      .map(translate)
      .filter(event => event !== undefined),
    close,
  }
}

const selectionOf = ({ labels, fields }: Selection): Selection => ({ labels, fields })

/** A change as a watch with these selectors sees it: an object may enter and leave the selection. */
function selected(
  definition: ResourceDefinition,
  namespace: string | undefined,
  query: WatchQuery,
  event: StorageEvent,
): WatchEvent | undefined {
  if (namespace !== undefined && event.object.metadata.namespace !== namespace) return undefined
  const object = served(definition, event.object)
  if (query.labels === undefined && query.fields === undefined) return { type: event.type, object }
  const isSelected = selects(query, object)
  if (event.type !== 'MODIFIED') return isSelected ? { type: event.type, object } : undefined
  const wasSelected = event.previous !== undefined && selects(query, served(definition, event.previous))
  if (isSelected) return { type: wasSelected ? 'MODIFIED' : 'ADDED', object }
  return wasSelected ? { type: 'DELETED', object: served(definition, leaving(event)) } : undefined
}

const left = new WeakMap<StorageEvent, StoredObject>()

/** An object that leaves a selection is shown as it was last selected, with the version of the change. */
function leaving(event: StorageEvent): StoredObject {
  let object = left.get(event)
  if (object === undefined) {
    const previous = event.previous as StoredObject
    const { resourceVersion } = event.object.metadata
    object = Object.freeze({
      ...previous,
      metadata: Object.freeze({ ...previous.metadata, resourceVersion }),
    })
    left.set(event, object)
  }
  return object
}
