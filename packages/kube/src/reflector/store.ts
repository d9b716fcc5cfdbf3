import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject } from '@isthmus/api'
import { objectKey } from '../client/resource-path.ts'
import { Listeners } from '../listeners.ts'

/** `next` is undefined when the object is gone, `previous` when it is new. */
export type StoreListener<T> = (key: string, next: T | undefined, previous: T | undefined) => void

/** Values under which an object is found. */
export type IndexFunction<T> = (object: T) => readonly string[]

const NOTHING: readonly never[] = []

/**
 * The objects of one kind as they were last known, by key and by index. What is in it is never changed in
 * place: an object that was read here stays as it was read. Listeners are called after the store changed.
 */
export class Store<T extends KubernetesObject> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, Index<T>>()
  readonly #listeners = new Listeners<Parameters<StoreListener<T>>>()
  #list: readonly T[] | undefined

  constructor(indexes: Record<string, IndexFunction<T>> = {}) {
    for (const [name, values] of Object.entries(indexes)) this.#indexes.set(name, new Index(values))
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  /** In no particular order. */
  list(): readonly T[] {
    this.#list ??= [...this.#objects.values()]
    return this.#list
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys()
  }

  /** The objects for which the index function of that name gives the value. */
  byIndex(indexName: string, value: string): readonly T[] {
    const index = this.#indexes.get(indexName)
    if (index === undefined) throw new TypeError(`the store has no index "${indexName}"`)
    return index.get(value)
  }

  /** Returns the function that ends the subscription. What is there already is not told. */
  subscribe(listener: StoreListener<T>): () => void {
    return this.#listeners.add(listener)
  }

  /** Puts an object in the place of the one of its key. Tells nobody if it is the same, field by field. */
  set(object: T): void {
    const key = objectKey(object)
    const previous = this.#objects.get(key)
    if (previous !== undefined && isDeepStrictEqual(previous, object)) return
    this.#put(key, object, previous)
  }

  delete(key: string): void {
    this.#put(key, undefined, this.#objects.get(key))
  }

  /**
   * Makes the store hold these objects and no others. With `trustVersions`, one of the same uid and version
   * is taken to be the same without a look: of 10,000 large objects that takes 20 ms instead of 500.
   */
  replace(objects: Iterable<T>, { trustVersions = false } = {}): void {
    const kept = new Set<string>()
    for (const object of objects) {
      const key = objectKey(object)
      kept.add(key)
      const { uid, resourceVersion } = this.#objects.get(key)?.metadata ?? {}
      const known = resourceVersion !== undefined && resourceVersion === object.metadata.resourceVersion
      if (!trustVersions || !known || uid !== object.metadata.uid) this.set(object)
    }
    for (const key of [...this.#objects.keys()]) if (!kept.has(key)) this.delete(key)
  }

  #put(key: string, next: T | undefined, previous: T | undefined): void {
    if (next === undefined && previous === undefined) return
    if (next === undefined) this.#objects.delete(key)
    else this.#objects.set(key, next)
    this.#list = undefined
    for (const index of this.#indexes.values()) index.move(key, next, previous)
    this.#listeners.call(key, next, previous)
  }
}

class Index<T> {
  readonly #values: IndexFunction<T>
  readonly #entries = new Map<string, Map<string, T>>()

  constructor(values: IndexFunction<T>) {
    this.#values = values
  }

  get(value: string): readonly T[] {
    const entry = this.#entries.get(value)
    return entry === undefined ? NOTHING : [...entry.values()]
  }

  move(key: string, next: T | undefined, previous: T | undefined): void {
    if (previous !== undefined) {
      for (const value of this.#values(previous)) {
        const entry = this.#entries.get(value)
        entry?.delete(key)
        if (entry?.size === 0) this.#entries.delete(value)
      }
    }
    if (next === undefined) return
    for (const value of this.#values(next)) {
      const entry = this.#entries.get(value)
      if (entry === undefined) this.#entries.set(value, new Map([[key, next]]))
      else entry.set(key, next)
    }
  }
}
