import {
  apiVersionOf,
  type KubernetesList,
  type KubernetesObject,
  type ResourceType,
  type Status,
} from '@isthmus/api'
import { ApiError, type RequestDescription } from './api-error.ts'
import { ConnectionError } from './connection-error.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { TransportResponse } from './transport.ts'

/** The longest answer that is read: a list without pages of a very large cluster. */
const MAX_ANSWER_BYTES = 256 << 20

/** The longest answer about one object: etcd takes objects of 1.5 MiB, by default. */
export const MAX_OBJECT_BYTES = 16 << 20
/** Of a refusal. */
const MAX_REFUSAL_BYTES = 1 << 20

/** The whole body as text; of a refusal, less is read. */
export async function readText(
  response: TransportResponse,
  request: RequestDescription,
  asked = MAX_ANSWER_BYTES,
): Promise<string> {
  const maxBytes = response.status < 300 ? asked : Math.min(asked, MAX_REFUSAL_BYTES)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBytes) throw broken(request, `the answer has more than ${maxBytes} bytes`)
  }
  return Buffer.concat(chunks, bytes).toString('utf8')
}

/** The JSON of a successful answer; something else comes from a server that is none, such as a captive portal. */
export function parseJson<T>(text: string, request: RequestDescription): T {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as T
  } catch {
    // Said below.
  }
  throw broken(request, 'the answer is not a JSON object')
}

/** A list whose items say what they are: those of a built-in kind's list do not name their kind. */
export function listOf<T extends KubernetesObject>(
  type: ResourceType<T>,
  list: KubernetesList<T>,
  request: RequestDescription,
): KubernetesList<T> {
  // An empty list of Go's is null.
  list.items ??= []
  if (!Array.isArray(list.items) || typeof list.metadata !== 'object')
    throw broken(request, 'the answer is not a list')
  const apiVersion = apiVersionOf(type)
  for (const item of list.items) {
    item.apiVersion ??= apiVersion
    item.kind ??= type.kind
  }
  return list
}

/** What a refusal says: a Status, or whatever text something between us and the API server had to say. */
export function apiError(
  request: RequestDescription,
  answer: { status: number; headers: Record<string, string>; text: string },
): ApiError {
  const status = statusOf(answer.text)
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], status)
  const message = status?.message ?? (answer.text.slice(0, 200).trim() || `HTTP status ${answer.status}`)
  return new ApiError(answer.status, shortened(message), { status, retryAfterMs, request })
}

/** The Status that is the object of a watch's ERROR event. */
export function eventError(request: RequestDescription, status: Status): ApiError {
  const message = status.message ?? 'the server ended the watch with an error'
  return new ApiError(status.code ?? 500, shortened(message), {
    status,
    retryAfterMs: parseRetryAfter(undefined, status),
    request,
  })
}

/** It goes into logs, Events and conditions; a server that is not trusted may say anything. */
const MAX_MESSAGE = 4096

function shortened(message: unknown): string {
  if (typeof message !== 'string') return 'it does not say why'
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message
}

function statusOf(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return (value as Status | null)?.kind === 'Status' ? (value as Status) : undefined
  } catch {
    return undefined
  }
}

/** The server took longer than it may. */
export const timedOut = (request: RequestDescription, ms: number) =>
  new ConnectionError(request.server, doing(request), {
    failure: 'timeout',
    words: `the server did not answer within ${ms / 1000} s`,
  })

const broken = (request: RequestDescription, words: string) =>
  new ConnectionError(request.server, doing(request), { failure: 'protocol', words })

const doing = ({ verb, resource, name }: RequestDescription) =>
  name === undefined ? `${verb} ${resource}` : `${verb} ${resource} ${name}`
