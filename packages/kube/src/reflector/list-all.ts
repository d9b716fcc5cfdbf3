import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { isGone } from '../client/api-error.ts'
import type { ClusterClient, ListOptions } from '../client/cluster-client.ts'
import { IntakeLimitError } from './intake.ts'

export interface ListAllOptions<T>
  extends Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | 'signal' | 'maxBytes'> {
  pageSize: number
  /** What is kept of each object: applied page by page, so that the rest is garbage early. */
  trim: (object: T) => T
  onPage?: () => void
}

/** A page may be empty, where a selector passes all of it over; so many in a row are no list any more. */
const MAX_EMPTY_PAGES = 1000

/**
 * Lists all objects of a kind as of one version, page by page. A continue token that is too old (410) makes
 * it start over: what other pages said is of another version. When that happens twice, the server forgets
 * faster than pages can be read, and the list is asked for as a whole.
 */
export async function listAll<T extends KubernetesObject>(
  client: ClusterClient,
  type: ResourceType<T>,
  { pageSize, trim, onPage, ...options }: ListAllOptions<T>,
): Promise<{ objects: T[]; resourceVersion: string }> {
  for (let expirations = 0; ; expirations++) {
    const limit = expirations < 2 ? pageSize : undefined
    let token: string | undefined
    const objects: T[] = []
    let empty = 0
    try {
      for (;;) {
        const page = await client.list(type, { ...options, limit, continue: token })
        onPage?.()
        for (const object of page.items) objects.push(trim(object))
        token = page.metadata.continue
        empty = page.items.length === 0 ? empty + 1 : 0
        if (empty > MAX_EMPTY_PAGES)
          throw new IntakeLimitError(`a list that goes on after ${empty} pages with nothing on them`)
        if (token === undefined || token === '') {
          return { objects, resourceVersion: page.metadata.resourceVersion ?? '' }
        }
      }
    } catch (error) {
      if (token === undefined || !isGone(error)) throw error
    }
  }
}
