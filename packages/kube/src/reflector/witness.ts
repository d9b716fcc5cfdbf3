import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { isNotFound } from '../client/api-error.ts'
import type { ClusterClient, RequestOptions } from '../client/cluster-client.ts'
import { objectKey, parseKey } from '../client/resource-path.ts'
import { HistoryPartedError } from './recovery.ts'
import { isLower } from './resource-version.ts'
import type { Store } from './store.ts'

/**
 * Tells whether a server still has the history that a store was filled from. Versions alone do not tell: one that
 * was restored from a backup, and has written enough since, is past the last that was seen. But the last change
 * that was seen, it has not.
 */
export class Witness<T extends KubernetesObject> {
  readonly #store: Store<T>
  #lastDeleted: { key: string; resourceVersion: string } | undefined

  constructor(store: Store<T>) {
    this.#store = store
  }

  /** `resourceVersion`: of the deletion. */
  deleted(object: T): void {
    const { resourceVersion } = object.metadata
    if (resourceVersion !== undefined) this.#lastDeleted = { key: objectKey(object), resourceVersion }
  }

  /** The store was filled by a list: deletions before it are nothing that it rests on. */
  listed(): void {
    this.#lastDeleted = undefined
  }

  /** @throws HistoryPartedError unless the server has the last change as it was seen. */
  async question(
    client: Pick<ClusterClient, 'get'>,
    type: ResourceType<T>,
    options: RequestOptions,
  ): Promise<void> {
    const newest = this.#newest()
    const deleted = this.#lastDeleted
    const isDeletionLast =
      deleted !== undefined && isLower(newest?.metadata.resourceVersion ?? '0', deleted.resourceVersion)
    const key = isDeletionLast ? deleted.key : newest && objectKey(newest)
    if (key === undefined) return
    const expected = isDeletionLast ? undefined : newest?.metadata.resourceVersion
    const found = await this.#versionOf(client, type, key, options)
    // A later version may be of an honest change since, or not: whoever cannot tell lists again.
    if (found !== expected) throw new HistoryPartedError(key)
  }

  async #versionOf(
    client: Pick<ClusterClient, 'get'>,
    type: ResourceType<T>,
    key: string,
    options: RequestOptions,
  ): Promise<string | undefined> {
    const { namespace, name } = parseKey(key)
    try {
      return (await client.get(type, name, namespace, options)).metadata.resourceVersion
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #newest(): T | undefined {
    let newest: T | undefined
    for (const object of this.#store.list()) {
      if (
        newest === undefined ||
        isLower(newest.metadata.resourceVersion ?? '0', object.metadata.resourceVersion)
      )
        newest = object
    }
    return newest
  }
}
