import type { KubernetesList, KubernetesObject, ResourceType, Status } from '@isthmus/api'
import { eventError, listOf, MAX_OBJECT_BYTES, parseJson } from './answer.ts'
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
import type { Requester } from './requester.ts'
import { queryString, resourceName, resourcePath, type Target } from './resource-path.ts'

const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML; the server has no JSON flavour of this type.
  apply: 'application/apply-patch+yaml',
}

export interface HttpClientOptions {
  server: string
  requester: Requester
  fieldManager: string
  close: () => Promise<void>
}

/** The verbs of the Kubernetes API as HTTP requests. */
export class HttpClient implements ClusterClient {
  readonly server: string
  readonly close: () => Promise<void>
  readonly #requester: Requester
  readonly #fieldManager: string

  constructor({ server, requester, fieldManager, close }: HttpClientOptions) {
    this.server = server
    this.close = close
    this.#requester = requester
    this.#fieldManager = fieldManager
  }

  async get<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    { signal }: RequestOptions = {},
  ): Promise<T> {
    const path = resourcePath(type, { namespace, name })
    return this.#requester.json<T>({
      method: 'GET',
      path,
      request: this.#describe('get', type, { namespace, name }),
      maxBytes: MAX_OBJECT_BYTES,
      signal,
    })
  }

  async list<T extends KubernetesObject>(
    type: ResourceType<T>,
    { namespace, signal, maxBytes, ...parameters }: ListOptions = {},
  ): Promise<KubernetesList<T>> {
    const path = resourcePath(type, { namespace }) + queryString(parameters)
    const request = this.#describe('list', type, { namespace })
    const call = { method: 'GET', path, request, signal, maxBytes }
    const list = await this.#requester.json<KubernetesList<T>>(call)
    return listOf(type, list, request)
  }

  async create<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const { name, namespace } = object.metadata
    if (type.namespaced && !namespace) throw new TypeError(`a ${type.kind} is created in a namespace`)
    return this.#requester.json<T>({
      method: 'POST',
      path: resourcePath(type, { namespace }) + this.#writeQuery(options),
      request: this.#describe('create', type, { namespace, name }),
      maxBytes: MAX_OBJECT_BYTES,
      body: JSON.stringify(object),
      signal: options.signal,
    })
  }

  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#put(type, object, undefined, options)
  }

  updateStatus<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T> {
    return this.#put(type, object, 'status', options)
  }

  async patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const { contentType = 'merge', subresource, signal } = options
    const target = { namespace, name, subresource }
    return this.#requester.json<T>({
      method: 'PATCH',
      path: resourcePath(type, target) + this.#writeQuery(options),
      request: this.#describe('patch', type, target),
      maxBytes: MAX_OBJECT_BYTES,
      body: JSON.stringify(patch),
      contentType: PATCH_CONTENT_TYPES[contentType],
      signal,
    })
  }

  async delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    { uid, resourceVersion, propagationPolicy, signal }: DeleteOptions = {},
  ): Promise<void> {
    const preconditions =
      uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
    await this.#requester.text({
      method: 'DELETE',
      path: resourcePath(type, { namespace, name }),
      request: this.#describe('delete', type, { namespace, name }),
      body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy }),
      signal,
    })
  }

  async *watch<T extends KubernetesObject>(
    type: ResourceType<T>,
    { namespace, signal, onOpen, ...parameters }: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const path = resourcePath(type, { namespace }) + queryString({ ...parameters, watch: true })
    const request = this.#describe('watch', type, { namespace })
    for await (const line of this.#requester.lines({ method: 'GET', path, request, signal }, onOpen)) {
      const event = parseJson<WatchEvent<T> | { type: 'ERROR'; object: Status }>(line, request)
      if (event.type === 'ERROR') throw eventError(request, event.object)
      yield event
    }
  }

  async raw(path: string, init: RawRequest = {}): Promise<RawResponse> {
    const { method = 'GET', headers: extra, ...rest } = init
    const request = { verb: method.toLowerCase(), resource: path, server: this.server }
    const { status, headers, text } = await this.#requester.answer({
      ...rest,
      method,
      path,
      request,
      headers: extra,
    })
    return { status, headers, body: text }
  }

  async #put<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    subresource: string | undefined,
    options: WriteOptions = {},
  ): Promise<T> {
    const { name = '', namespace } = object.metadata
    const target = { namespace, name, subresource }
    return this.#requester.json<T>({
      method: 'PUT',
      path: resourcePath(type, target) + this.#writeQuery(options),
      request: this.#describe('update', type, target),
      maxBytes: MAX_OBJECT_BYTES,
      body: JSON.stringify(object),
      signal: options.signal,
    })
  }

  #writeQuery({ dryRun, fieldManager = this.#fieldManager, contentType, force }: PatchOptions): string {
    return queryString({
      dryRun: dryRun ? 'All' : undefined,
      fieldManager,
      // The server refuses it for other patches.
      force: contentType === 'apply' && force ? true : undefined,
    })
  }

  #describe(verb: string, type: ResourceType, { namespace, name, subresource }: Target): RequestDescription {
    const resource = resourceName(type, subresource)
    return { verb, resource, namespace, name, clusterScoped: !type.namespaced, server: this.server }
  }
}
