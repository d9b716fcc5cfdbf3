/** GET of one object and of many. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import type { FieldSelector } from '../selectors/field-selector.ts'
import type { LabelPredicate } from '../selectors/label-selector.ts'
import { badRequest, expired, notFound, resourceVersionTooLarge } from '../status/failures.ts'
import { objectKey } from '../storage/collection.ts'
import { decodeContinue, encodeContinue } from './continue-token.ts'
import { type Address, type Environment, served, storageKey } from './environment.ts'

export interface Selection {
  readonly labels?: LabelPredicate | undefined
  readonly fields?: FieldSelector | undefined
}

export interface ListQuery extends Selection {
  readonly limit?: number
  readonly continue?: string
  /** undefined or 0: what is stored now. */
  readonly resourceVersion?: number
  readonly exact?: boolean
}

export interface Listed {
  /** In the version of the definition. */
  readonly items: readonly StoredObject[]
  readonly resourceVersion: number
  readonly continue?: string
  readonly remainingItemCount?: number
}

export const selects = ({ labels, fields }: Selection, object: StoredObject): boolean =>
  (labels === undefined || labels(object.metadata.labels)) && (fields === undefined || fields.matches(object))

/** Throws a 404 StatusError. */
export function getObject(
  { storage }: Environment,
  definition: ResourceDefinition,
  { namespace, name }: Address,
  resourceVersion = 0,
): StoredObject {
  if (resourceVersion > storage.revision) throw resourceVersionTooLarge(resourceVersion, storage.revision)
  const found = storage.get(storageKey(definition), namespace, name)
  if (found === undefined) throw notFound(definition, name)
  return served(definition, found)
}

/** The objects of a namespace (all without one) in order of their keys. Throws a 410 or 504 StatusError. */
export function listObjects(
  { storage }: Environment,
  definition: ResourceDefinition,
  namespace: string | undefined,
  query: ListQuery,
): Listed {
  const collection = storage.collection(storageKey(definition))
  const token = query.continue ? decodeContinue(query.continue) : undefined
  const present = storage.revision
  const asked = query.resourceVersion ?? 0
  if (asked > present) throw resourceVersionTooLarge(asked, present)
  const revision = token ? (token.revision < 0 ? present : token.revision) : query.exact ? asked : present
  if (revision > present) throw resourceVersionTooLarge(revision, present)
  if (revision < collection.compactedRevision && revision < present) {
    if (token === undefined) throw expired('The resourceVersion for the provided list is too old.')
    throw expired(TOO_OLD_TO_CONTINUE, { continue: encodeContinue(-1, token.start) })
  }
  const start = token?.start ?? ''
  const objects =
    revision === present
      ? presentObjects(collection, query, namespace, start)
      : collection.listAt(revision, namespace, start)
  return page(definition, objects, namespace, revision, query)
}

/** A selector with one name needs no walk over all objects. */
function presentObjects(
  collection: ReturnType<Environment['storage']['collection']>,
  { fields }: ListQuery,
  namespace: string | undefined,
  start: string,
): readonly StoredObject[] {
  const name = fields?.name
  if (name === undefined || namespace === undefined || start !== '') return collection.list(namespace, start)
  const found = collection.get(objectKey(namespace, name))
  return found === undefined ? [] : [found]
}

function page(
  definition: ResourceDefinition,
  objects: readonly StoredObject[],
  namespace: string | undefined,
  revision: number,
  query: ListQuery,
): Listed {
  const { limit = 0, labels, fields } = query
  const isSelective = labels !== undefined || fields !== undefined
  const items: StoredObject[] = []
  for (const [i, object] of objects.entries()) {
    const item = served(definition, object)
    if (isSelective && !selects(query, item)) continue
    if (limit > 0 && items.length === limit) {
      const last = items.at(-1)?.metadata as StoredObject['metadata']
      return {
        items,
        resourceVersion: revision,
        continue: encodeContinue(
          revision,
          `${objectKey(namespace ? undefined : last.namespace, last.name)}\0`,
        ),
        // What is left can be counted only if all of it is selected.
        ...(isSelective ? {} : { remainingItemCount: objects.length - i }),
      }
    }
    items.push(item)
  }
  return { items, resourceVersion: revision }
}

/** With `continue` the version is in the token. */
export function refuseVersionWithContinue(resourceVersion: string | undefined): void {
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
}

const TOO_OLD_TO_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'
