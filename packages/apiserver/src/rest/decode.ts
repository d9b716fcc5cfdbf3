/** From the document that a client sent to an object of the resource's kind. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { objectMetaSchema } from '../schema/builtin/builtin-schema.ts'
import { prune } from '../schema/prune.ts'
import { unknownFields } from '../schema/unknown-fields.ts'
import { badRequest } from '../status/failures.ts'
import { DecodeError, decodeBuiltIn, isObject } from './decode-built-in.ts'
import { splitVersion } from './kind.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

export interface DecodeOptions {
  readonly fieldValidation: FieldValidation
  readonly warn: (text: string) => void
  /** Fields that the text has twice. */
  readonly duplicates?: readonly string[]
}

/**
 * Checks types, drops and reports unknown fields. Throws a DecodeError with Go's words, which a create
 * answers as 400 and a patch as 422.
 */
export function decodeObject(
  definition: ResourceDefinition,
  document: Record<string, unknown>,
  { fieldValidation, warn, duplicates = [] }: DecodeOptions,
): StoredObject {
  const { object, unknown } = definition.custom
    ? decodeCustom(definition, document)
    : decodeBuiltIn(definition.schema, document, definition.kind)
  const complaints = [
    ...duplicates.map(path => `duplicate field "${path}"`),
    ...unknown.map(path => `unknown field "${path}"`),
  ]
  if (complaints.length > 0) {
    if (fieldValidation === 'Strict') throw new DecodeError(`strict decoding error: ${complaints.join(', ')}`)
    if (fieldValidation === 'Warn') for (const complaint of complaints) warn(complaint)
  }
  return { ...object, metadata: object.metadata ?? {} } as unknown as StoredObject
}

/** A DecodeError as a create or a replace answers it. */
export function refuseDocument(
  definition: ResourceDefinition,
  document: Readonly<Record<string, unknown>>,
  error: unknown,
): unknown {
  if (!(error instanceof DecodeError)) return error
  const { kind = definition.kind, apiVersion = definition.version } = document
  const [, version] = splitVersion(String(apiVersion))
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${definition.kind}: ${error.message}`,
  )
}

function decodeCustom(
  definition: ResourceDefinition,
  document: Record<string, unknown>,
): { object: Record<string, unknown>; unknown: readonly string[] } {
  const unknown = unknownFields(definition.schema, document)
  const object = { ...prune(definition.schema, document) } as Record<string, unknown>
  if (isObject(object.metadata)) {
    const wrapper = { type: 'object', properties: { metadata: objectMetaSchema() } } as const
    object.metadata = decodeBuiltIn(wrapper, { metadata: object.metadata }, definition.kind).object.metadata
  }
  return { object, unknown }
}
