/** One thing wrong with one field, as kube-apiserver's `field.Error`: becomes a cause of a 422 Status. */
export interface FieldError {
  readonly reason: FieldErrorReason
  /** Path such as `spec.ports[0].name`. */
  readonly field: string
  /** The cause's message, whole: `Invalid value: "x": must be ...`. */
  readonly message: string
}

export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

/** How Go's `%v`-like printing in field errors shows a value: strings quoted, the rest as JSON. */
function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value)
}

export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${shown(value)}: ${detail}`,
})

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
})

export const duplicate = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${shown(value)}`,
})

export const notFound = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueNotFound',
  field,
  message: `Not found: ${shown(value)}`,
})

export const forbidden = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
})

export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${shown(value)}: supported values: ${supported.map(v => JSON.stringify(v)).join(', ')}`,
})

export const tooLong = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: ${detail}`,
})
