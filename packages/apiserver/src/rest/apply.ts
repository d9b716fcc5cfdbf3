/** PATCH with `application/apply-patch+yaml`: server-side apply, which creates what is missing. */
import { apply, applyConflict } from '../patch/apply.ts'
import type { ResourceDefinition, StoredObject, Subresource } from '../registry/definition.ts'
import { badRequest, conflict, notFound } from '../status/failures.ts'
import { createObject } from './create.ts'
import { isObject } from './decode-built-in.ts'
import {
  type Address,
  apiVersionOf,
  type Environment,
  served,
  storageKey,
  type WriteOptions,
} from './environment.ts'
import { checkName } from './object-name.ts'
import { type Updated, updateObject } from './update.ts'

export interface ApplyOptions extends WriteOptions {
  /** Takes over fields that other managers have. */
  readonly force?: boolean
}

/** `decode` makes an object of the kind out of what the apply results in. Throws a StatusError. */
export function applyObject(
  environment: Environment,
  definition: ResourceDefinition,
  address: Address,
  subresource: Subresource,
  document: unknown,
  decode: (document: Record<string, unknown>) => StoredObject,
  options: ApplyOptions,
): Updated {
  const applied = checked(definition, address, document)
  const stored = environment.storage.get(storageKey(definition), address.namespace, address.name)
  if (!stored && subresource !== '') throw notFound(definition, address.name)
  const next = (live: StoredObject | undefined): StoredObject => {
    const { object, conflicts } = apply({
      schema: definition.schema,
      live,
      applied,
      manager: options.fieldManager ?? 'unknown',
      force: options.force ?? false,
      now: environment.now(),
      apiVersion: apiVersionOf(definition),
      subresource,
      hasStatus: definition.status,
    })
    if (conflicts.length > 0) throw applyConflict(conflicts)
    return decode(object)
  }
  const write = { ...options, isApply: true }
  if (stored) {
    const update = { subresource, next: () => next(served(definition, stored)) }
    return updateObject(environment, definition, address, update, write)
  }
  options.authorizeCreation?.()
  const { metadata, ...body } = next(undefined)
  // A version of an object that is not there any more is no obstacle.
  const { resourceVersion: _, uid, ...rest } = metadata
  if (uid) {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(definition, address.name, why)
  }
  const object = { ...body, metadata: rest } as StoredObject
  return { object: createObject(environment, definition, address.namespace, object, write), created: true }
}

function checked(
  definition: ResourceDefinition,
  { name }: Address,
  document: unknown,
): Record<string, unknown> {
  const applied = isObject(document) ? document : {}
  const { apiVersion, kind } = applied
  if (apiVersion !== apiVersionOf(definition) || kind !== definition.kind) {
    const groupVersion = typeof apiVersion === 'string' ? apiVersion : ''
    throw badRequest(
      `invalid object type: ${groupVersion.includes('/') ? '' : '/'}${groupVersion}, Kind=${typeof kind === 'string' ? kind : ''}`,
    )
  }
  const named = isObject(applied.metadata) ? applied.metadata.name : undefined
  checkName(name, named)
  return applied
}
