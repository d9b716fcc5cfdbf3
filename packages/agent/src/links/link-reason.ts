import { ApiError, ConnectionError, type ConnectionFailure } from '@isthmus/kube'
import { MissingPermissionError } from '../own/own-client.ts'

const MAX_LENGTH = 300

/** What a person has to know about a peer that cannot be read: short, to stand in a table. */
export function whyUnreadable(error: Error): string {
  const why = whyOf(error)
  return why.length > MAX_LENGTH ? `${why.slice(0, MAX_LENGTH)}…` : why
}

function whyOf(error: Error): string {
  if (error instanceof ConnectionError) return unreachable(error)
  // Of the own cluster, in the midst of what is done for a peer.
  if (error instanceof MissingPermissionError) return error.message
  if (error instanceof ApiError) return refused(error)
  return error.message
}

const FAILURES: Readonly<Record<ConnectionFailure, string>> = {
  refused: 'its API server refuses connections',
  dns: 'the name of its API server cannot be resolved',
  tls: 'the certificate of its API server is not accepted',
  timeout: 'its API server does not answer in time',
  unreachable: 'there is no route to its API server',
  cut: 'its API server breaks connections off',
  protocol: 'what answers is no API server',
  proxy: 'the proxy to its API server cannot be reached',
  other: 'its API server cannot be reached',
}

function unreachable(error: ConnectionError): string {
  const detail = codeOf(error.cause) ?? error.words
  return `${FAILURES[error.failure]} (${detail})`
}

/** The first code in an error and its causes; connections tried to several addresses fail with several errors. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return codeOf(Array.isArray(errors) ? errors[0] : cause, depth + 1)
}

/** The first that applies. */
const REFUSALS: readonly (readonly [codes: readonly number[], words: (error: ApiError) => string])[] = [
  [[401], () => 'its API server does not accept our credentials (401)'],
  [[403], error => `we may not read its exchange (403${resourceOf(error)})`],
  [[404], error => `Isthmus is not installed there (404${resourceOf(error)})`],
  [[410], () => 'its API server has forgotten where we were (410)'],
  [[429, 503], error => `its API server is overloaded or not ready (${error.code})`],
]

function refused(error: ApiError): string {
  const words = REFUSALS.find(([codes]) => codes.includes(error.code))?.[1]
  return words?.(error) ?? `its API server answers ${error.code}: ${error.message}`
}

function resourceOf({ request }: ApiError): string {
  return request === undefined ? '' : ` for ${request.resource}`
}
