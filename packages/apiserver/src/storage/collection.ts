/** All objects of one resource, in key order, with what happened to them lately. */
import type { ResourceKey, StoredObject } from '../registry/definition.ts'
import { SortedKeys } from './sorted-keys.ts'

export interface StorageEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** After the change; on DELETED the last state, with the revision of the deletion. */
  readonly object: StoredObject
  /** Before the change, with its own resourceVersion. */
  readonly previous: StoredObject | undefined
}

export type StorageListener = (event: StorageEvent) => void

/** `namespace/name`, or `name`: sorts as etcd sorts kube-apiserver's keys. */
export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace ? `${namespace}/${name}` : name

export const keyOf = (object: StoredObject): string =>
  objectKey(object.metadata.namespace, object.metadata.name)

export class Collection {
  readonly key: ResourceKey
  /** Changes after this revision are still known; those up to it may be forgotten. */
  compactedRevision: number
  readonly #objects = new Map<string, StoredObject>()
  readonly #keys = new SortedKeys()
  readonly #history: StorageEvent[] = []
  readonly #listeners = new Set<StorageListener>()
  readonly #historySize: number

  constructor(key: ResourceKey, compactedRevision: number, historySize: number) {
    this.key = key
    this.compactedRevision = compactedRevision
    this.#historySize = historySize
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  record(event: StorageEvent): void {
    const key = keyOf(event.object)
    if (event.type === 'DELETED') {
      this.#objects.delete(key)
      this.#keys.delete(key)
    } else {
      if (event.type === 'ADDED') this.#keys.add(key)
      this.#objects.set(key, event.object)
    }
    this.#history.push(event)
    // Trimmed by halves, so that a write costs the same whatever the window.
    if (this.#history.length >= 2 * this.#historySize) this.#forget(this.#history.length - this.#historySize)
    for (const listener of this.#listeners) listener(event)
  }

  subscribe(listener: StorageListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Objects of a namespace (all without one), in order, from the key `start` on. */
  list(namespace?: string, start = ''): StoredObject[] {
    const prefix = namespace === undefined || namespace === '' ? '' : `${namespace}/`
    const found: StoredObject[] = []
    const from = prefix + start
    for (let i = this.#keys.indexOfFirst(from); i < this.#keys.length; i++) {
      const key = this.#keys.at(i)
      if (!key.startsWith(prefix)) break
      found.push(this.#objects.get(key) as StoredObject)
    }
    return found
  }

  /** Events after a revision, oldest first. Only complete if `revision >= compactedRevision`. */
  since(revision: number): StorageEvent[] {
    let first = this.#history.length
    while (first > 0 && (this.#history[first - 1] as StorageEvent).revision > revision) first--
    return this.#history.slice(first)
  }

  /** As `list`, at an earlier revision: the present with later changes taken back. */
  listAt(revision: number, namespace?: string, start = ''): StoredObject[] {
    const later = this.since(revision)
    if (later.length === 0) return this.list(namespace, start)
    const past = new Map<string, StoredObject>()
    for (const object of this.list(namespace)) past.set(keyOf(object), object)
    for (const event of later.toReversed()) {
      if (namespace && event.object.metadata.namespace !== namespace) continue
      if (event.previous === undefined) past.delete(keyOf(event.object))
      else past.set(keyOf(event.previous), event.previous)
    }
    const from = namespace ? `${namespace}/${start}` : start
    return [...past.keys()]
      .filter(key => key >= from)
      .sort((a, b) => (a < b ? -1 : 1))
      .map(key => past.get(key) as StoredObject)
  }

  compact(revision: number): void {
    const kept = this.#history.findIndex(event => event.revision > revision)
    this.#history.splice(0, kept === -1 ? this.#history.length : kept)
    this.compactedRevision = Math.max(this.compactedRevision, revision)
  }

  #forget(count: number): void {
    const forgotten = this.#history.splice(0, count)
    this.compactedRevision = (forgotten.at(-1) as StorageEvent).revision
  }
}
