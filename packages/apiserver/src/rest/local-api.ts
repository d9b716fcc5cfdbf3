/**
 * The API without HTTP, for what runs in the same process: controllers, a kubelet, tests. The same
 * verbs, rules and errors (StatusError); answers are the stored objects, frozen: copy before changing.
 */
import type {
  ResourceDefinition,
  ResourceKey,
  StoredMeta,
  StoredObject,
  Subresource,
  UserInfo,
} from '../registry/definition.ts'
import { parseLabelSelector } from '../selectors/label-selector.ts'
import { unknownResource } from '../status/failures.ts'
import { StatusError } from '../status/status.ts'
import { createObject } from './create.ts'
import { type Deleted, type DeleteOptions, deleteObject } from './delete.ts'
import { ADMIN, type Environment, type WriteOptions } from './environment.ts'
import { getObject, listObjects } from './list.ts'
import { type LocalEvent, type LocalWatchOptions, watchLocally } from './local-watch.ts'
import { type Patch, patchObject } from './patch.ts'
import { replaceObject } from './update.ts'

export interface LocalApiOptions {
  readonly user?: UserInfo
  /** Manager of the fields written, in managedFields. */
  readonly fieldManager?: string
}

export class LocalApi {
  readonly #environment: Environment
  readonly #options: WriteOptions

  constructor(environment: Environment, { user = ADMIN, fieldManager }: LocalApiOptions = {}) {
    this.#environment = environment
    this.#options = { user, ...(fieldManager === undefined ? {} : { fieldManager }) }
  }

  /** The same API as another user or field manager. */
  as(options: LocalApiOptions): LocalApi {
    return new LocalApi(this.#environment, { user: this.#options.user, ...options })
  }

  /** undefined if it is not there. */
  get(key: ResourceKey, namespace: string | undefined, name: string): StoredObject | undefined {
    try {
      return getObject(this.#environment, this.#definition(key), { namespace, name })
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return undefined
      throw error
    }
  }

  /** Of a namespace, or of all. */
  list(
    key: ResourceKey,
    namespace?: string,
    options: { labelSelector?: string } = {},
  ): readonly StoredObject[] {
    const labels = parseLabelSelector(options.labelSelector)
    return listObjects(this.#environment, this.#definition(key), namespace, { labels }).items
  }

  /** The namespace is that of the object. */
  create(key: ResourceKey, object: LocalObject): StoredObject {
    const definition = this.#definition(key)
    return createObject(
      this.#environment,
      definition,
      namespaceOf(definition, object),
      object as unknown as StoredObject,
      this.#options,
    )
  }

  /** Replaces the object, or its status alone; with a resourceVersion only if it is still the stored one. */
  update(key: ResourceKey, object: LocalObject, subresource: Subresource = ''): StoredObject {
    const definition = this.#definition(key)
    const address = { namespace: namespaceOf(definition, object), name: object.metadata.name ?? '' }
    return replaceObject(
      this.#environment,
      definition,
      address,
      subresource,
      object as unknown as StoredObject,
      this.#options,
    ).object
  }

  updateStatus(key: ResourceKey, object: LocalObject): StoredObject {
    return this.update(key, object, 'status')
  }

  /** A merge patch unless said. */
  patch(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    patch: Patch['document'],
    { type = 'merge', subresource = '' }: { type?: Patch['type']; subresource?: Subresource } = {},
  ): StoredObject {
    const definition = this.#definition(key)
    const address = { namespace, name }
    return patchObject(
      this.#environment,
      definition,
      address,
      subresource,
      { type, document: patch },
      this.#options,
    ).object
  }

  delete(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): Deleted {
    return deleteObject(this.#environment, this.#definition(key), { namespace, name }, options, this.#options)
  }

  /**
   * Calls back with ADDED for what is there, then with every change, in order and never within the turn
   * of a write, so that the callback may write. Answers how to end it. After a restore of the storage
   * it starts again, with DELETED for what is gone.
   */
  watch(
    key: ResourceKey,
    callback: (event: LocalEvent) => void,
    options: LocalWatchOptions = {},
  ): () => void {
    return watchLocally(this.#environment, this.#definition(key), callback, options)
  }

  #definition(key: ResourceKey): ResourceDefinition {
    const definition = this.#environment.registry.preferred(key)
    if (definition === undefined) throw unknownResource()
    return definition
  }
}

/** An object to write: only its name (or generateName) has to be there. */
export interface LocalObject {
  readonly metadata: Readonly<Partial<StoredMeta>>
  readonly [field: string]: unknown
}

const namespaceOf = (definition: ResourceDefinition, object: LocalObject): string | undefined =>
  definition.namespaced ? (object.metadata.namespace ?? 'default') : undefined
