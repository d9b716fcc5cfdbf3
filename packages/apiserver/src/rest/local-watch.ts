import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { type LabelPredicate, parseLabelSelector } from '../selectors/label-selector.ts'
import { keyOf } from '../storage/collection.ts'
import { type Environment, served, storageKey } from './environment.ts'

export interface LocalEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: StoredObject
}

export interface LocalWatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
}

/** See LocalApi.watch. Events wait in a queue that is emptied in a turn of its own. */
export function watchLocally(
  { storage }: Environment,
  definition: ResourceDefinition,
  callback: (event: LocalEvent) => void,
  { namespace, labelSelector }: LocalWatchOptions,
): () => void {
  const labels = parseLabelSelector(labelSelector)
  /** What the callback was told of, so that a label that changes and a restore are told as what they mean. */
  const known = new Map<string, StoredObject>()
  let queue: StoredChange[] = []
  let stopped = false
  let unsubscribe = () => {}

  const enqueue = (change: StoredChange): void => {
    if (queue.push(change) === 1) setImmediate(drain)
  }
  const drain = (): void => {
    const changes = queue
    queue = []
    for (const change of changes) {
      if (stopped) return
      const event = eventOf(known, labels, change)
      if (event) callback({ type: event.type, object: served(definition, event.object) })
    }
  }
  const start = (): void => {
    unsubscribe()
    const collection = storage.collection(storageKey(definition))
    const objects = collection.list(namespace)
    const present = new Set(objects.map(keyOf))
    for (const [key, object] of known) if (!present.has(key)) enqueue({ object, isGone: true })
    for (const object of objects) enqueue({ object, isGone: false })
    unsubscribe = collection.subscribe(({ type, object }) => {
      if (namespace && object.metadata.namespace !== namespace) return
      enqueue({ object, isGone: type === 'DELETED' })
    })
  }

  start()
  const forgetRestore = storage.onRestore(start)
  return () => {
    stopped = true
    unsubscribe()
    forgetRestore()
  }
}

interface StoredChange {
  readonly object: StoredObject
  readonly isGone: boolean
}

function eventOf(
  known: Map<string, StoredObject>,
  labels: LabelPredicate | undefined,
  { object, isGone }: StoredChange,
): LocalEvent | undefined {
  const key = keyOf(object)
  const before = known.get(key)
  if (isGone || (labels && !labels(object.metadata.labels))) {
    known.delete(key)
    return before && { type: 'DELETED', object }
  }
  known.set(key, object)
  return { type: before ? 'MODIFIED' : 'ADDED', object }
}
