import type { KubernetesList, KubernetesObject, ResourceType, Status } from '@isthmus/api'
import { apiVersionOf } from '@isthmus/api'
import { apiError, eventError, parseJson, readText } from './answer.ts'
import type { RequestDescription } from './api-error.ts'
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
import { persistentSend } from './persistent-send.ts'
import { queryString, resourceName, resourcePath } from './resource-path.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

const CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML; the server has no JSON flavour of this type.
  apply: 'application/apply-patch+yaml',
}

/** The longest event of a watch that is read: etcd takes objects of 1.5 MiB, by default. */
const MAX_EVENT_BYTES = 16 << 20

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
  extraHeaders?: Record<string, string> | undefined
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
    const { requestTimeoutMs } = this.#settings
    const path = resourcePath(type, namespace) + queryString({ ...parameters, watch: true })
    // Retried by the Reflector, which knows more; but for credentials that have been renewed.
    const response = await persistentSend(
      this.#transport,
      {
        method: 'GET',
        path,
        headers: this.#headers(),
        signal,
        headersTimeoutMs: requestTimeoutMs,
        bodyTimeoutMs: 0,
      },
      0,
    )
    if (response.status !== 200) {
      throw apiError(
        request,
        response,
        await readText(response, request, performance.now() + requestTimeoutMs),
      )
    }
    onOpen?.()
    for await (const line of splitLines(response.body, MAX_EVENT_BYTES)) {
      const event = parseJson<WatchEvent<T> | { type: 'ERROR'; object: Status }>(line, request)
      if (event.type === 'ERROR') throw eventError(request, event.object)
      yield event
    }
  }

  async raw(path: string, init: RawRequest = {}): Promise<RawResponse> {
    const method = init.method ?? 'GET'
    const request = { verb: method, resource: path, server: this.server }
    const { headers, ...rest } = init
    const { text, response } = await this.#send({ ...rest, method, path, request, extraHeaders: headers })
    return { status: response.status, headers: response.headers, body: text }
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
    return parseJson<T>(await this.#text(call), call.request)
  }

  async #text(call: Call): Promise<string> {
    const { text, response } = await this.#send(call)
    if (response.status >= 300) throw apiError(call.request, response, text)
    return text
  }

  async #send(call: Call): Promise<{ response: TransportResponse; text: string }> {
    const timeoutMs = call.timeoutMs ?? this.#settings.requestTimeoutMs
    const deadline = performance.now() + timeoutMs
    const contentType = call.body === undefined ? undefined : (call.contentType ?? 'application/json')
    const request: TransportRequest = {
      method: call.method,
      path: call.path,
      headers: { ...this.#headers(contentType), ...call.extraHeaders },
      body: call.body,
      signal: call.signal,
      headersTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
    }
    const response = await persistentSend(this.#transport, request, deadline)
    return { response, text: await readText(response, call.request, deadline) }
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
    const resource = resourceName(type, subresource)
    return { verb, resource, namespace, name, clusterScoped: !type.namespaced, server: this.server }
  }
}
