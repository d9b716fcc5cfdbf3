import type { StoredObject } from '../registry/definition.ts'
import { type FieldError, forbidden, invalid, tooLong } from '../registry/field-error.ts'
import { configKeyErrors } from '../registry/names.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { equalJson } from '../rest/json.ts'
import { builtIn } from './built-in.ts'

interface ConfigMap extends StoredObject {
  data?: Record<string, string>
  binaryData?: Record<string, string>
  immutable?: boolean
}

const SIZE_LIMIT = 1024 * 1024

export const configMaps = builtIn({
  group: '',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  columns: [
    NAME_COLUMN,
    column(
      'Data',
      "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
      ({ data, binaryData }: StoredObject) =>
        Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    ),
    AGE_COLUMN,
  ],
  rules: {
    validate: (object, old) => [...contentErrors(object as ConfigMap), ...changeErrors(object, old)],
  },
})

function contentErrors({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...configKeyErrors(key).map(e => invalid(`data[${key}]`, key, e)))
    if (Object.hasOwn(binaryData, key)) {
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    }
    size += Buffer.byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...configKeyErrors(key).map(e => invalid(`binaryData[${key}]`, key, e)))
    size += Buffer.byteLength(value, 'base64')
  }
  if (size > SIZE_LIMIT) errors.push(tooLong('[]', `may not be more than ${SIZE_LIMIT} bytes`))
  return errors
}

/** Of an immutable ConfigMap or Secret: its data stays, and so does `immutable`. */
export function changeErrors(object: StoredObject, old: StoredObject | undefined): FieldError[] {
  if (!old?.immutable) return []
  const fixed = 'field is immutable when `immutable` is set'
  return [
    ...(object.immutable ? [] : [forbidden('immutable', fixed)]),
    ...(['data', 'binaryData'] as const)
      .filter(field => !equalJson(object[field] ?? {}, old[field] ?? {}))
      .map(field => forbidden(field, fixed)),
  ]
}
