/** PATCH: what the patch makes of the object is written as a replace would be. */
import type { ResourceDefinition, StoredObject, Subresource } from '../registry/definition.ts'
import { invalid as invalidField } from '../registry/field-error.ts'
import { invalid } from '../status/failures.ts'
import { failure } from '../status/status.ts'
import { decodeObject, type FieldValidation } from './decode.ts'
import { DecodeError } from './decode-built-in.ts'
import type { Address, Environment, WriteOptions } from './environment.ts'
import { type Updated, updateObject } from './update.ts'

export interface Patch {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply'
  readonly document: unknown
}

export interface PatchOptions extends WriteOptions {
  readonly fieldValidation?: FieldValidation
  /** Apply only: takes over fields that other managers have. */
  readonly force?: boolean
}

export function patchObject(
  environment: Environment,
  definition: ResourceDefinition,
  address: Address,
  subresource: Subresource,
  patch: Patch,
  options: PatchOptions,
): Updated {
  return updateObject(
    environment,
    definition,
    address,
    { subresource, next: old => patched(definition, old, patch, options) },
    options,
  )
}

function patched(
  definition: ResourceDefinition,
  old: StoredObject,
  { type, document }: Patch,
  { fieldValidation = 'Warn', warn = () => {} }: PatchOptions,
): StoredObject {
  const result = applyPatch(type, old, document)
  try {
    return decodeObject(definition, result, { fieldValidation, warn })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw invalid('', '', '', [invalidField('patch', JSON.stringify(result), error.message)])
  }
}

function applyPatch(type: Patch['type'], old: StoredObject, document: unknown): Record<string, unknown> {
  if (type === 'merge') return merge(old, document) as Record<string, unknown>
  throw failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(typeof target === 'object' && target !== null ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
