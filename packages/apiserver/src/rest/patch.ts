/** PATCH: what the patch makes of the object is written as a replace would be. */

import { jsonPatch } from '../patch/json-patch.ts'
import { mergePatch } from '../patch/merge-patch.ts'
import { strategicMerge } from '../patch/strategic-merge.ts'
import type { ResourceDefinition, StoredObject, Subresource } from '../registry/definition.ts'
import { invalid as invalidField } from '../registry/field-error.ts'
import type { Schema } from '../schema/schema.ts'
import { invalid } from '../status/failures.ts'
import { applyObject } from './apply.ts'
import { decodeObject, type FieldValidation } from './decode.ts'
import { DecodeError } from './decode-built-in.ts'
import type { Address, Environment, WriteOptions } from './environment.ts'
import { checkKind } from './kind.ts'
import { checkName } from './object-name.ts'
import { scaleOf, withScale } from './scale.ts'
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

/** Throws a StatusError; a result that is no object of the kind is a 422. */
export function patchObject(
  environment: Environment,
  definition: ResourceDefinition,
  address: Address,
  subresource: Subresource,
  { type, document }: Patch,
  options: PatchOptions,
): Updated {
  const decode = (result: Record<string, unknown>) => decoded(environment, definition, result, options)
  if (type === 'apply')
    return applyObject(environment, definition, address, subresource, document, decode, options)
  const next = (old: StoredObject) => {
    if (subresource !== 'scale' || !definition.scale) {
      const object = decode(patched[type](definition.schema, old, document))
      checkName(address.name, object.metadata.name)
      return object
    }
    const scale = patched[type]({}, scaleOf(definition.scale, old), document)
    return withScale(definition, old, scale as unknown as StoredObject)
  }
  return updateObject(environment, definition, address, { subresource, next }, options)
}

type Patched = (schema: Schema, old: StoredObject, document: unknown) => Record<string, unknown>

const patched: Readonly<Record<Exclude<Patch['type'], 'apply'>, Patched>> = {
  json: (_, old, document) => jsonPatch(old, document),
  merge: (_, old, document) => mergePatch(old, document),
  strategic: (schema, old, document) => strategicMerge(schema, old, document),
}

function decoded(
  { registry }: Environment,
  definition: ResourceDefinition,
  result: Record<string, unknown>,
  { fieldValidation = 'Warn', warn = () => {} }: PatchOptions,
): StoredObject {
  try {
    checkKind(registry, definition, result)
    return decodeObject(definition, result, { fieldValidation, warn })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw invalid('', '', '', [invalidField('patch', JSON.stringify(result), error.message)])
  }
}
