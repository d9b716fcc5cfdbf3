import { failure, StatusError } from '../status/status.ts'

/** A patch that cannot be applied, with kube-apiserver's Status for it. */
export class PatchError extends StatusError {
  override name = 'PatchError'
}

const patchError = (status: StatusError): PatchError => new PatchError(status.status)

/** The body is not a patch: 400. */
export const badPatch = (message: string): PatchError => patchError(failure(400, 'BadRequest', message))

/** kube-apiserver hides why a patch does not fit the object: 422 with a text that says nothing. */
export const patchRejected = (): PatchError =>
  patchError(failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {}))

/** An error that kube-apiserver does not classify: 500 without a reason, the text as it is. */
export const patchFailed = (message: string): PatchError => patchError(failure(500, undefined, message))

/** More than one request may ask for: 413. */
export const patchTooLarge = (message: string): PatchError =>
  patchError(failure(413, 'RequestEntityTooLarge', message))

/** What Go calls the JSON value, as in `json: cannot unmarshal array into Go value of type ...`. */
export function goJsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : value === null ? 'null' : typeof value
}

/** As Go's `%v` prints decoded JSON: `map[image:i:9 name:x]`, keys sorted. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, inner]) => `${key}:${goPrint(inner)}`).join(' ')}]`
}
