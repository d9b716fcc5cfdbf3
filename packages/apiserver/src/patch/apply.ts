/** Server-side apply: a manager says what it wants of an object, whole, and the server works out the rest. */
import { isDeepStrictEqual } from 'node:util'
import { isPlainObject, type PlainObject } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'
import { failure, type StatusError } from '../status/status.ts'
import {
  capUpdaters,
  decodeManagers,
  encodeManagers,
  identify,
  type Manager,
  type Managers,
} from './field-managers.ts'
import { difference, EMPTY, type FieldSet, intersection, paths, union } from './field-set.ts'
import { recordUpdate, timestamp } from './managed-fields.ts'
import { conflictsOf, disown, ownable } from './ownership.ts'
import { badPatch, patchFailed } from './patch-error.ts'
import { printPath } from './path-element.ts'
import { typedErrors } from './typed-errors.ts'
import { compare, fieldsOf, mergeTyped, removeFields, withNamedFields } from './typed-value.ts'

export interface Apply {
  readonly schema: Schema
  /** What is stored; undefined if the object is to be created. */
  readonly live: object | undefined
  readonly applied: object
  readonly manager: string
  /** Takes fields of others that have another value. */
  readonly force: boolean
  readonly now: Date
  /** Of the request, such as `apps/v1`. */
  readonly apiVersion: string
  readonly subresource: string
  /** The resource has a status subresource: applying the object itself does not own status. */
  readonly hasStatus?: boolean
}

/** A field that the configuration would change and another manager owns. */
export interface ApplyConflict {
  /** As texts name it: `"kubectl" using v1`. */
  readonly manager: string
  /** `.spec.replicas`. */
  readonly field: string
}

/**
 * The object after the apply, with its managedFields; the conflicts are empty unless it must not be written
 * (see `applyConflict`). What this manager applied before and leaves out now is removed, if nobody else owns it.
 * Throws a PatchError if the configuration does not fit the schema.
 */
export function apply(request: Apply): { object: PlainObject; conflicts: readonly ApplyConflict[] } {
  const { schema, applied, manager, force, now, apiVersion, subresource, hasStatus = false } = request
  checkConfiguration(schema, applied as PlainObject, apiVersion)
  const configuration = written(withoutManagedFields(applied as PlainObject), subresource, hasStatus)
  const live = withoutManagedFields((request.live ?? {}) as PlainObject)
  const managers = managersBefore(request, live)
  const self: Manager = {
    manager,
    operation: 'Apply',
    apiVersion,
    subresource,
    time: timestamp(now),
    fields: EMPTY,
  }
  const id = identify(self)
  const last = managers.get(id)
  const fields = ownable(fieldsOf(schema, configuration), subresource, hasStatus)
  managers.set(id, { ...self, fields })
  const merged = mergeTyped(schema, live, configuration) as PlainObject
  const object = last ? removeGivenUp(schema, merged, last.fields, managers) : merged
  const comparison = compare(schema, live, object)
  const conflicts = conflictsOf(managers, id, comparison)
  if (!force && conflicts.size > 0) return { object: live, conflicts: described(conflicts, managers) }
  disown(managers, id, comparison)
  // The time says when the manager last changed something: not now, if all was as it wants it already.
  if (isDeepStrictEqual(live, object)) managers.set(id, { ...self, time: last?.time, fields })
  capUpdaters(managers)
  return { object: withManagedFields(object, managers), conflicts: [] }
}

/** The part of a configuration that is written here: what is not is neither owned nor in conflict. */
function written(configuration: PlainObject, subresource: string, hasStatus: boolean): PlainObject {
  const { apiVersion, kind, metadata, status, ...others } = configuration
  if (subresource === 'status') {
    const { name, namespace, uid, resourceVersion } = isPlainObject(metadata) ? metadata : {}
    const address = Object.entries({ name, namespace, uid, resourceVersion }).filter(
      ([, value]) => value !== undefined,
    )
    const own = { apiVersion, kind, metadata: Object.fromEntries(address) }
    return status === undefined ? own : { ...own, status }
  }
  return hasStatus ? { apiVersion, kind, metadata, ...others } : configuration
}

/** 409 with a cause for each field. */
export function applyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const byManager = Map.groupBy(conflicts, conflict => conflict.manager)
  const [first] = conflicts
  const groups = [...byManager.keys()].sort().map(manager => {
    const fields = byManager.get(manager)?.map(({ field }) => `- ${field}`) ?? []
    return `conflicts with ${manager}:\n${fields.join('\n')}`
  })
  const message =
    conflicts.length === 1 && first
      ? `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.field}`
      : `Apply failed with ${conflicts.length} conflicts: ${groups.join('\n')}`
  const causes = conflicts.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${manager}`,
    field,
  }))
  return failure(409, 'Conflict', message, { causes })
}

function checkConfiguration(schema: Schema, applied: PlainObject, apiVersion: string): void {
  const metadata = isPlainObject(applied.metadata) ? applied.metadata : {}
  if (metadata.managedFields !== undefined && metadata.managedFields !== null)
    throw badPatch('metadata.managedFields must be nil')
  const errors = typedErrors(schema, applied)
  if (errors.length === 0) return
  const text = errors.length === 1 ? errors[0] : `errors:\n${errors.map(error => `  ${error}`).join('\n')}`
  const gvk = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${applied.kind}`
  throw patchFailed(
    `failed to create typed patch object (${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${gvk}): ${text}`,
  )
}

/** An object that nobody applied before and that has no managedFields: its fields belong to `before-first-apply`. */
function managersBefore(request: Apply, live: PlainObject): Managers {
  const metadata = (request.live as PlainObject | undefined)?.metadata
  const managers = decodeManagers(isPlainObject(metadata) ? metadata.managedFields : undefined)
  if (managers.size === 0 && request.live !== undefined)
    recordUpdate(managers, {
      ...request,
      live: undefined,
      next: live,
      manager: 'before-first-apply',
      operation: 'Update',
      subresource: '',
    })
  return managers
}

function removeGivenUp(schema: Schema, merged: PlainObject, last: FieldSet, managers: Managers): PlainObject {
  const named = (set: FieldSet) => withNamedFields(schema, set)
  const present = named(fieldsOf(schema, merged))
  const presentIn = (object: unknown) => named(fieldsOf(schema, object))
  const owned = named([...managers.values()].map(({ fields }) => fields).reduce(union, EMPTY))
  const bare = removeFields(schema, merged, named(last)) ?? {}
  const unowned = difference(present, union(presentIn(bare), owned))
  const withOwned = removeFields(schema, merged, unowned) ?? {}
  const givenUp = intersection(difference(present, presentIn(withOwned)), named(last))
  return (removeFields(schema, merged, givenUp) ?? {}) as PlainObject
}

function described(conflicts: ReadonlyMap<string, FieldSet>, managers: Managers): ApplyConflict[] {
  return [...conflicts].flatMap(([id, set]) => {
    const { manager, operation, apiVersion, subresource } = managers.get(id) as Manager
    const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`
    const using = operation === 'Update' ? ` using ${apiVersion}` : ''
    return paths(set).map(path => ({
      manager: `${JSON.stringify(manager)}${through}${using}`,
      field: printPath(path),
    }))
  })
}

function withoutManagedFields(object: PlainObject): PlainObject {
  if (!isPlainObject(object.metadata)) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function withManagedFields(object: PlainObject, managers: Managers): PlainObject {
  const managedFields = encodeManagers(managers)
  const metadata = isPlainObject(object.metadata) ? object.metadata : {}
  return managedFields.length === 0 ? object : { ...object, metadata: { ...metadata, managedFields } }
}
