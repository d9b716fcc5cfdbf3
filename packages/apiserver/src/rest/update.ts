/** PUT and PATCH: one object is replaced by another that is computed from it. */
import type {
  ResourceDefinition,
  StoredMeta,
  StoredObject,
  Subresource,
  WriteContext,
} from '../registry/definition.ts'
import { invalid as invalidField } from '../registry/field-error.ts'
import { conflict, invalid, modified, notFound } from '../status/failures.ts'
import { failure } from '../status/status.ts'
import { createObject } from './create.ts'
import {
  type Address,
  type Environment,
  served,
  storageKey,
  toStored,
  type WriteOptions,
  writeContext,
} from './environment.ts'
import { manageFields, withoutTimes } from './field-managers.ts'
import { cloneJson, equalJson } from './json.ts'
import { validateMetadataUpdate } from './metadata.ts'
import { formObject } from './object-form.ts'
import { reserve } from './reservation.ts'

export interface Update {
  readonly subresource: Subresource
  /** The object as it shall be, from how it is: whole, though the server still keeps what is its own. */
  next(old: StoredObject): StoredObject
}

export interface Updated {
  readonly object: StoredObject
  readonly created: boolean
}

/** Changes one object and answers it as it is stored then. Throws a StatusError. */
export function updateObject(
  environment: Environment,
  definition: ResourceDefinition,
  { namespace, name }: Address,
  { subresource, next }: Update,
  options: WriteOptions,
): Updated {
  const context = writeContext(environment, definition, subresource, options)
  const stored = environment.storage.get(storageKey(definition), namespace, name)
  if (stored === undefined) throw notFound(definition, name)
  const old = served(definition, stored)
  const asked = next(old)
  checkPreconditions(definition, old, asked.metadata)
  const meta = nextMeta(definition, old, asked, subresource)
  const object = cloneJson(formObject(definition, meta, nextBody(definition, old, asked, subresource)))
  definition.rules.fill?.(object, old, context)
  manageFields(definition, old, object, context, options)
  prepareAndValidate(definition, object, old, context)
  environment.admit?.({ ...context, operation: 'UPDATE', namespace, name, object, oldObject: old })
  if (equalJson(withoutTimes(object), withoutTimes(old)) && !isReleased(definition, object)) {
    return { object: old, created: false }
  }
  const undo = reserve(definition, object, old, context)
  if (context.dryRun) {
    undo()
    return { object, created: false }
  }
  return { object: write(environment, definition, object, stored), created: false }
}

/** PUT: as `updateObject`, with the body; some kinds are created when they are missing. */
export function replaceObject(
  environment: Environment,
  definition: ResourceDefinition,
  address: Address,
  subresource: Subresource,
  body: StoredObject,
  options: WriteOptions,
): Updated {
  const { namespace, name } = address
  const isMissing = environment.storage.get(storageKey(definition), namespace, name) === undefined
  if (isMissing && definition.createOnUpdate && subresource === '') {
    options.authorizeCreation?.()
    return { object: createObject(environment, definition, namespace, body, options), created: true }
  }
  // An update that was meant for an object that is gone is told so, before it is told that there is none.
  if (isMissing && body.metadata.uid)
    throw otherObject(definition, { ...address, uid: '' }, body.metadata.uid)
  return updateObject(environment, definition, address, { subresource, next: () => body }, options)
}

function prepareAndValidate(
  definition: ResourceDefinition,
  object: StoredObject,
  old: StoredObject,
  context: WriteContext,
): void {
  const { rules } = definition
  rules.prepare?.(object, old, context)
  if (generationGrows(definition, object, old, context.subresource)) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
  const errors = [...validateMetadataUpdate(object, old), ...(rules.validate?.(object, old, context) ?? [])]
  if (errors.length > 0)
    throw invalid(storageKey(definition).group, definition.kind, object.metadata.name, errors)
}

/** The object is written, or removed if it was only held by what the update took away. */
function write(
  { storage }: Environment,
  definition: ResourceDefinition,
  object: StoredObject,
  stored: StoredObject,
): StoredObject {
  const key = storageKey(definition)
  const { name, namespace, resourceVersion } = stored.metadata
  if (isReleased(definition, object)) {
    const gone = storage.delete(key, namespace, name, resourceVersion)
    definition.rules.release?.(gone)
    return object
  }
  return served(definition, storage.update(key, toStored(definition, object), resourceVersion))
}

const isReleased = ({ rules }: ResourceDefinition, object: StoredObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  !object.metadata.finalizers?.length &&
  !object.metadata.deletionGracePeriodSeconds &&
  !rules.holdsDeletion?.(object)

function generationGrows(
  { hasGeneration, rules }: ResourceDefinition,
  object: StoredObject,
  old: StoredObject,
  subresource: Subresource,
): boolean {
  if (!hasGeneration || subresource === 'status') return false
  if (rules.generationGrows) return rules.generationGrows(object, old)
  const { metadata: _a, status: _b, ...specified } = object
  const { metadata: _c, status: _d, ...specifiedBefore } = old
  return !equalJson(specified, specifiedBefore)
}

/** uid and resourceVersion of a request say which state of which object it is meant for. */
function checkPreconditions(
  definition: ResourceDefinition,
  old: StoredObject,
  asked: Partial<StoredMeta>,
): void {
  const { uid, resourceVersion, name } = old.metadata
  const version = asked.resourceVersion ?? ''
  if (!/^\d*$/.test(version)) {
    throw failure(500, undefined, `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`)
  }
  const isUnconditional = version === '' || version === '0'
  if (isUnconditional && definition.unconditionalUpdate === false) {
    throw invalid(definition.group, definition.plural, name, [
      invalidField('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
  }
  if (asked.uid && asked.uid !== uid) throw otherObject(definition, old.metadata, asked.uid)
  if (!isUnconditional && version !== resourceVersion) throw modified(definition, name)
}

/** The object that was meant is gone, and perhaps another has its name: `uid` is that one's. */
function otherObject(
  definition: ResourceDefinition,
  { namespace, name, uid }: { namespace?: string | undefined; name: string; uid: string },
  asked: string,
) {
  const group = definition.custom ? definition.group : ''
  const place = [group, definition.plural, namespace, name].filter(Boolean)
  return conflict(
    definition,
    name,
    `StorageError: invalid object, Code: 4, Key: /registry/${place.join('/')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${uid}`,
  )
}

/** The client decides on labels, annotations, owners and finalizers; all else is the server's. */
function nextMeta(
  definition: ResourceDefinition,
  { metadata: old }: StoredObject,
  { metadata: asked }: StoredObject,
  subresource: Subresource,
): StoredMeta {
  if (subresource === 'status' && definition.statusWritesMetadata === false) {
    return { ...old, managedFields: asked.managedFields as unknown[] }
  }
  const { labels, annotations, ownerReferences, finalizers, managedFields } = asked
  return { ...old, labels, annotations, ownerReferences, finalizers, managedFields } as StoredMeta
}

/** A write to the object leaves its status, one to the status all the rest. */
function nextBody(
  definition: ResourceDefinition,
  old: StoredObject,
  asked: StoredObject,
  subresource: Subresource,
): Record<string, unknown> {
  if (!definition.status || subresource === 'binding') return asked
  return subresource === 'status' ? { ...old, status: asked.status } : { ...asked, status: old.status }
}
