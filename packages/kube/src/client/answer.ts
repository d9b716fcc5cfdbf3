import type { Status } from '@isthmus/api'
import { ApiError, type RequestDescription } from './api-error.ts'
import { ConnectionError } from './connection-error.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { TransportResponse } from './transport.ts'

/** The longest answer that is read: a list without pages of a very large cluster. */
const MAX_ANSWER_BYTES = 256 << 20

/** The whole body as text, by `deadline` (of performance.now()): a server may not take for ever by dribbling. */
export async function readText(
  response: TransportResponse,
  request: RequestDescription,
  deadline: number,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw broken(request, `the answer has more than ${MAX_ANSWER_BYTES} bytes`)
    if (performance.now() > deadline)
      throw new ConnectionError(request.server, doing(request), { code: 'ETIMEDOUT' })
  }
  return Buffer.concat(chunks, bytes).toString('utf8')
}

/** The JSON of a successful answer; something else comes from a server that is none, such as a captive portal. */
export function parseJson<T>(text: string, request: RequestDescription): T {
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw broken(request, 'the answer is not JSON', cause)
  }
}

/** What a refusal says: a Status, or whatever text something between us and the API server had to say. */
export function apiError(request: RequestDescription, response: TransportResponse, body: string): ApiError {
  const status = statusOf(body)
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], status)
  const message = status?.message ?? (body.slice(0, 200).trim() || `HTTP status ${response.status}`)
  return new ApiError(response.status, message, { status, retryAfterMs, request })
}

/** The Status that is the object of a watch's ERROR event. */
export function eventError(request: RequestDescription, status: Status): ApiError {
  const message = status.message ?? 'the server ended the watch with an error'
  return new ApiError(status.code ?? 500, message, {
    status,
    retryAfterMs: parseRetryAfter(undefined, status),
    request,
  })
}

function statusOf(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return (value as Status | null)?.kind === 'Status' ? (value as Status) : undefined
  } catch {
    return undefined
  }
}

const broken = (request: RequestDescription, words: string, cause?: unknown) =>
  new ConnectionError(request.server, doing(request), new Error(words, { cause }))

const doing = ({ verb, resource, name }: RequestDescription) =>
  `${verb} ${resource}${name === undefined ? '' : ` ${name}`}`
