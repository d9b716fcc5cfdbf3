/** The failures that kube-apiserver knows, with its texts (k8s.io/apimachinery/pkg/api/errors). */
import type { FieldError } from '../registry/field-error.ts'
import { failure, type Status, type StatusDetails, type StatusError } from './status.ts'

/** Group and plural (or kind) that a failure is about. */
export interface About {
  readonly group: string
  readonly plural: string
}

/** `deployments.apps`, as in `deployments.apps "x" not found`. */
export const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`)

const details = (about: About, name: string | undefined, more: StatusDetails = {}): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(about.group === '' ? {} : { group: about.group }),
  ...(about.plural === '' ? {} : { kind: about.plural }),
  ...more,
})

export const badRequest = (message: string): StatusError => failure(400, 'BadRequest', message)

export const notFound = (about: About, name: string): StatusError =>
  failure(
    404,
    'NotFound',
    `${qualified(about.plural, about.group)} "${name}" not found`,
    details(about, name),
  )

export const alreadyExists = (about: About, name: string, beingDeleted = false): StatusError =>
  failure(
    409,
    'AlreadyExists',
    `${beingDeleted ? 'object is being deleted: ' : ''}${qualified(about.plural, about.group)} "${name}" already exists`,
    details(about, name),
  )

export const conflict = (about: About, name: string, message: string): StatusError =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(about.plural, about.group)} "${name}": ${message}`,
    details(about, name),
  )

export const modified = (about: About, name: string): StatusError =>
  conflict(
    about,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )

export const forbidden = (about: About, name: string, message: string, more?: StatusDetails): StatusError =>
  failure(
    403,
    'Forbidden',
    `${qualified(about.plural, about.group)}${name === '' ? '' : ` "${name}"`} is forbidden: ${message}`,
    details(about, name, more),
  )

/** 422 with a cause per field. `kind` is a kind, such as `ConfigMap`. */
export function invalid(
  group: string,
  kind: string,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  // A text that comes twice is shown once, though both causes are there: Go's aggregate does so.
  const texts = [...new Set(errors.map(e => `${e.field}: ${e.message}`))]
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return failure(
    422,
    'Invalid',
    `${qualified(kind, group)} "${name}" is invalid: ${list}`,
    details({ group, plural: kind }, name, {
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    }),
  )
}

/** Query options that contradict each other, such as `ListOptions`. */
export const invalidOptions = (kind: string, errors: readonly FieldError[]): StatusError =>
  invalid('meta.k8s.io', kind, '', errors)

export const methodNotAllowed = (): StatusError =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const unknownResource = (): StatusError =>
  failure(404, 'NotFound', 'the server could not find the requested resource', {})

export const requestTooLarge = (limit: number): StatusError =>
  failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)

export const resourceVersionTooLarge = (asked: number, current: number): StatusError =>
  failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

export const expired = (message: string, metadata: Status['metadata'] = {}): StatusError =>
  failure(410, 'Expired', message, undefined, metadata)

export const internalError = (message: string): StatusError =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  })
