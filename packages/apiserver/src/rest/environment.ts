/** What the REST verbs work on, and what a request says of itself. */
import type { Admit } from '../admission/attributes.ts'
import type {
  ResourceDefinition,
  ResourceKey,
  StoredObject,
  UserInfo,
  WriteContext,
} from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import type { Storage } from '../storage/storage.ts'

export interface Environment {
  readonly storage: Storage
  readonly registry: Registry
  readonly now: () => Date
  /** Has the last word on a write that is valid. */
  readonly admit?: Admit
}

/** What every write carries. */
export interface WriteOptions {
  readonly user: UserInfo
  readonly dryRun?: boolean
  /** Name under which the written fields are kept in managedFields. */
  readonly fieldManager?: string
  /** Server-side apply: managedFields come with the object. */
  readonly isApply?: boolean
  readonly warn?: (text: string) => void
  /** Called when a replace or an apply is about to create its object; throws 403 if the user may not. */
  readonly authorizeCreation?: () => void
}

/** Where an object is or shall be. */
export interface Address {
  readonly namespace: string | undefined
  readonly name: string
}

/** The user that everything in process acts as. */
export const ADMIN: UserInfo = {
  username: 'system:admin',
  groups: ['system:masters', 'system:authenticated'],
}

export const storageKey = (definition: ResourceDefinition): ResourceKey => definition.storedAs ?? definition

export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`

export function writeContext(
  { storage, now }: Environment,
  definition: ResourceDefinition,
  subresource: WriteContext['subresource'],
  { user, dryRun = false, warn = () => {} }: WriteOptions,
): WriteContext {
  return { definition, subresource, dryRun, now: now(), user, storage, warn }
}

const converted = new WeakMap<ResourceDefinition, WeakMap<StoredObject, StoredObject>>()

/** A stored object in the version of the definition. The same answer for the same object, so that it is encoded once. */
export function served(definition: ResourceDefinition, stored: StoredObject): StoredObject {
  if (definition.conversion === undefined) return stored
  const known = converted.get(definition) ?? new WeakMap<StoredObject, StoredObject>()
  const object = known.get(stored) ?? definition.conversion.fromStored(stored)
  known.set(stored, object)
  converted.set(definition, known)
  return object
}

export const toStored = (definition: ResourceDefinition, object: StoredObject): StoredObject =>
  definition.conversion === undefined ? object : definition.conversion.toStored(object)
