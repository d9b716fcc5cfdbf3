/**
 * The revisioned store, in memory: one revision for all resources, as etcd has, and a window of history
 * for watches and for lists of the past. A write is one synchronous turn, so there is nothing to lock.
 */
import type { ReadableStorage, ResourceKey, StoredObject } from '../registry/definition.ts'
import { Collection, keyOf, objectKey, type StorageListener } from './collection.ts'
import { freeze } from './freeze.ts'

export interface StorageOptions {
  /** How many changes of each resource are kept for watches (at least; at most twice as many). */
  readonly history?: number
}

/** All that is stored, for a snapshot. */
export interface StorageContents {
  readonly revision: number
  readonly resources: readonly { readonly key: ResourceKey; readonly objects: readonly StoredObject[] }[]
}

/** The object is not there, is there already, or is not the one that was expected. */
export class StorageConflict extends Error {
  readonly found: StoredObject | undefined

  constructor(message: string, found: StoredObject | undefined) {
    super(message)
    this.name = 'StorageConflict'
    this.found = found
  }
}

export class Storage implements ReadableStorage {
  readonly #collections = new Map<string, Collection>()
  readonly #restored = new Set<() => void>()
  readonly #history: number
  #revision = 1
  #compacted = 0
  #notifying = false

  constructor(options: StorageOptions = {}) {
    this.#history = options.history ?? 4096
  }

  /** resourceVersion of the last write. */
  get revision(): number {
    return this.#revision
  }

  collection(key: ResourceKey): Collection {
    const id = `${key.plural}.${key.group}`
    let collection = this.#collections.get(id)
    if (collection === undefined) {
      collection = new Collection({ group: key.group, plural: key.plural }, this.#compacted, this.#history)
      this.#collections.set(id, collection)
    }
    return collection
  }

  get(key: ResourceKey, namespace: string | undefined, name: string): StoredObject | undefined {
    return this.collection(key).get(objectKey(namespace, name))
  }

  list(key: ResourceKey, namespace?: string): readonly StoredObject[] {
    return this.collection(key).list(namespace)
  }

  /** Keeps a new object; its resourceVersion is set here. The object belongs to the storage from now on. */
  create(key: ResourceKey, object: StoredObject): StoredObject {
    const collection = this.collection(key)
    const found = collection.get(keyOf(object))
    if (found) throw new StorageConflict(`${key.plural} ${keyOf(object)} is there already`, found)
    return this.#write(collection, 'ADDED', object, undefined)
  }

  /** Replaces an object, if the stored one still has the resourceVersion `expected`. */
  update(key: ResourceKey, object: StoredObject, expected: string): StoredObject {
    const collection = this.collection(key)
    return this.#write(collection, 'MODIFIED', object, this.#expect(collection, keyOf(object), expected))
  }

  /** Removes an object, if it still has the resourceVersion `expected`; answers it with that of the deletion. */
  delete(key: ResourceKey, namespace: string | undefined, name: string, expected: string): StoredObject {
    const collection = this.collection(key)
    const previous = this.#expect(collection, objectKey(namespace, name), expected)
    const last = { ...previous, metadata: { ...previous.metadata } }
    return this.#write(collection, 'DELETED', last, previous)
  }

  /** Calls the listener with every change of a resource, within the write's turn: it must not write itself. */
  subscribe(key: ResourceKey, listener: StorageListener): () => void {
    return this.collection(key).subscribe(listener)
  }

  /** Forgets the history up to a revision: watches and lists from before it are answered 410. */
  compact(revision = this.#revision): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision))
    for (const collection of this.#collections.values()) collection.compact(this.#compacted)
  }

  contents(): StorageContents {
    const resources = [...this.#collections.values()]
      .filter(collection => collection.size > 0)
      .map(collection => ({ key: collection.key, objects: collection.list() }))
    return { revision: this.#revision, resources }
  }

  /** Replaces everything, as a restored etcd does: revisions may go back. Nobody is told of single changes. */
  restore(contents: StorageContents): void {
    this.#collections.clear()
    this.#revision = contents.revision
    this.#compacted = contents.revision
    for (const { key, objects } of contents.resources) {
      const collection = this.collection(key)
      for (const object of objects) {
        collection.record({
          type: 'ADDED',
          revision: Number(object.metadata.resourceVersion),
          object: freeze(object),
          previous: undefined,
        })
      }
      collection.compact(contents.revision)
    }
    for (const listener of this.#restored) listener()
  }

  /** Calls the listener after each `restore`: whoever holds on to collections has to start again. */
  onRestore(listener: () => void): () => void {
    this.#restored.add(listener)
    return () => this.#restored.delete(listener)
  }

  #expect(collection: Collection, key: string, expected: string): StoredObject {
    const found = collection.get(key)
    if (found === undefined || found.metadata.resourceVersion !== expected) {
      throw new StorageConflict(
        `${collection.key.plural} ${key} is not at resourceVersion ${expected}`,
        found,
      )
    }
    return found
  }

  #write(
    collection: Collection,
    type: 'ADDED' | 'MODIFIED' | 'DELETED',
    object: StoredObject,
    previous: StoredObject | undefined,
  ): StoredObject {
    if (this.#notifying) throw new Error('a storage listener must not write: do it in a later turn')
    const revision = ++this.#revision
    object.metadata.resourceVersion = String(revision)
    freeze(object)
    this.#notifying = true
    try {
      collection.record({ type, revision, object, previous })
    } finally {
      this.#notifying = false
    }
    return object
  }
}
