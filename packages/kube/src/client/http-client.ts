import type { KubernetesList, KubernetesObject, ResourceType, Status } from '@isthmus/api'
import { apiVersionOf } from '@isthmus/api'
import { ApiError, type RequestDescription } from './api-error.ts'
import type {
  ClusterClient,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  PatchType,
  RawRequest,
  RawResponse,
  RequestOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './cluster-client.ts'
import { splitLines } from './lines.ts'
import { queryString, resourceName, resourcePath } from './resource-path.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Transport, TransportResponse } from './transport.ts'

const CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML; the server has no JSON flavour of this type.
  apply: 'application/apply-patch+yaml',
}

/** The longest answer and line of a watch that are read: what a server sends is bounded here. */
const MAX_BODY_BYTES = 256 << 20
const MAX_LINE_BYTES = 16 << 20

export interface HttpClientSettings {
  server: string
  userAgent: string
  requestTimeoutMs: number
  fieldManager: string
}

interface Call {
  method: string
  path: string
  request: RequestDescription
  body?: string | undefined
  contentType?: string | undefined
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
}

/** The verbs of the Kubernetes API as HTTP requests. */
export class HttpClient implements ClusterClient {
  readonly server: string
  readonly #settings: HttpClientSettings
  readonly #transport: Transport

  constructor(settings: HttpClientSettings, transport: Transport) {
    this.server = settings.server
    this.#settings = settings
    this.#transport = transport
  }

  get<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    options: RequestOptions = {},
  ): Promise<T> {
    return this.#json<T>({
      method: 'GET',
      path: resourcePath(type, namespace, name),
      request: this.#describe('get', type, namespace, name),
      signal: options.signal,
    })
  }

  async list<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: ListOptions = {},
  ): Promise<KubernetesList<T>> {
    const { namespace, signal, ...parameters } = options
    const list = await this.#json<KubernetesList<T>>({
      method: 'GET',
      path: resourcePath(type, namespace) + queryString(parameters),
      request: this.#describe('list', type, namespace),
      signal,
    })
    const apiVersion = apiVersionOf(type)
    // Items of a built-in kind's list do not name their kind.
    list.items ??= []
    for (const item of list.items) {
      item.apiVersion ??= apiVersion
      item.kind ??= type.kind
    }
    return list
  }

  create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#write('create', type, object, undefined, options)
  }

  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#write('update', type, object, undefined, options)
  }

  updateStatus<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T> {
    return this.#write('update', type, object, 'status', options)
  }

  patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const contentType = options.contentType ?? 'merge'
    return this.#json<T>({
      method: 'PATCH',
      path:
        resourcePath(type, namespace, name, options.subresource) +
        this.#writeQuery(options, contentType === 'apply' ? options.force : undefined),
      request: this.#describe('patch', type, namespace, name, options.subresource),
      body: JSON.stringify(patch),
      contentType: CONTENT_TYPES[contentType],
      signal: options.signal,
    })
  }

  async delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { uid, resourceVersion, propagationPolicy } = options
    const preconditions =
      uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
    await this.#text({
      method: 'DELETE',
      path: resourcePath(type, namespace, name),
      request: this.#describe('delete', type, namespace, name),
      body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy }),
      signal: options.signal,
    })
  }

  async *watch<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const { namespace, signal, onOpen, ...parameters } = options
    const request = this.#describe('watch', type, namespace)
    const response = await this.#transport.send({
      method: 'GET',
      path: resourcePath(type, namespace) + queryString({ ...parameters, watch: true }),
      headers: this.#headers(),
      ...(signal === undefined ? {} : { signal }),
      headersTimeoutMs: this.#settings.requestTimeoutMs,
      bodyTimeoutMs: 0,
    })
    if (response.status !== 200) throw apiError(request, response, await readText(response))
    onOpen?.()
    for await (const line of splitLines(response.body, MAX_LINE_BYTES)) {
      const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status }
      if (event.type === 'ERROR') throw eventError(request, event.object)
      yield event
    }
  }

  async raw(path: string, init: RawRequest = {}): Promise<RawResponse> {
    const response = await this.#send({
      method: init.method ?? 'GET',
      path,
      request: { verb: init.method ?? 'GET', resource: path, server: this.server },
      body: init.body,
      contentType: init.headers?.['content-type'],
      signal: init.signal,
      timeoutMs: init.timeoutMs,
    })
    return { status: response.status, headers: response.headers, body: await readText(response) }
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  #write<T extends KubernetesObject>(
    verb: 'create' | 'update',
    type: ResourceType<T>,
    object: T,
    subresource: string | undefined,
    options: WriteOptions = {},
  ): Promise<T> {
    const { name, namespace } = object.metadata
    const target = verb === 'create' ? undefined : (name ?? '')
    return this.#json<T>({
      method: verb === 'create' ? 'POST' : 'PUT',
      path: resourcePath(type, namespace, target, subresource) + this.#writeQuery(options),
      request: this.#describe(verb, type, namespace, name, subresource),
      body: JSON.stringify(object),
      signal: options.signal,
    })
  }

  #writeQuery(options: WriteOptions, force?: boolean): string {
    return queryString({
      dryRun: options.dryRun ? 'All' : undefined,
      fieldManager: options.fieldManager ?? this.#settings.fieldManager,
      force: force ? true : undefined,
    })
  }

  async #json<T>(call: Call): Promise<T> {
    return JSON.parse(await this.#text(call)) as T
  }

  async #text(call: Call): Promise<string> {
    const response = await this.#send(call)
    const text = await readText(response)
    if (response.status >= 300) throw apiError(call.request, response, text)
    return text
  }

  #send(call: Call): Promise<TransportResponse> {
    const timeoutMs = call.timeoutMs ?? this.#settings.requestTimeoutMs
    return this.#transport.send({
      method: call.method,
      path: call.path,
      headers: this.#headers(call.body === undefined ? undefined : (call.contentType ?? 'application/json')),
      ...(call.body === undefined ? {} : { body: call.body }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      headersTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
    })
  }

  #headers(contentType?: string): Record<string, string> {
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': this.#settings.userAgent,
    }
    if (contentType !== undefined) headers['content-type'] = contentType
    return headers
  }

  #describe(
    verb: string,
    type: ResourceType,
    namespace?: string,
    name?: string,
    subresource?: string,
  ): RequestDescription {
    return { verb, resource: resourceName(type, subresource), namespace, name, server: this.server }
  }
}

async function readText(response: TransportResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES)
      throw new Error(`the server sent an answer of more than ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes).toString('utf8')
}

function apiError(request: RequestDescription, response: TransportResponse, body: string): ApiError {
  const status = parseStatus(body)
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], status)
  const message = status?.message ?? (body.slice(0, 200).trim() || `HTTP status ${response.status}`)
  return new ApiError(response.status, message, { status, retryAfterMs, request })
}

function eventError(request: RequestDescription, status: Status): ApiError {
  const message = status.message ?? 'the server ended the watch with an error'
  const retryAfterMs = parseRetryAfter(undefined, status)
  return new ApiError(status.code ?? 500, message, { status, retryAfterMs, request })
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return (value as Status | null)?.kind === 'Status' ? (value as Status) : undefined
  } catch {
    return undefined
  }
}
