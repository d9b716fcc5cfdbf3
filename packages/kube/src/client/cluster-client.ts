import type { KubernetesList, KubernetesObject, ResourceType } from '@isthmus/api'

/** One cluster's API. Every method rejects with an ApiError (the server refused) or a ConnectionError. */
export interface ClusterClient {
  /** The server's URL, for messages. */
  readonly server: string

  get<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    options?: RequestOptions,
  ): Promise<T>

  /** One page, or everything if no limit is given. Without a namespace: of all namespaces. */
  list<T extends KubernetesObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubernetesList<T>>

  /** The namespace is the object's own. */
  create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>

  /** PUT. Carries the object's resourceVersion: a Conflict says that it was not computed from the latest. */
  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>

  /** PUT of the `status` subresource. */
  updateStatus<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>

  patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
    options?: PatchOptions,
  ): Promise<T>

  /** What is not there is a NotFound like any other: see `isNotFound`. */
  delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    options?: DeleteOptions,
  ): Promise<void>

  /**
   * A watch as the server sends it: ends when the server ends it, throws an ApiError for an ERROR event.
   * Controllers use a Reflector, which goes on.
   */
  watch<T extends KubernetesObject>(
    type: ResourceType<T>,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>

  /** Any path: `/version`, `/readyz`, discovery. Answers of every status resolve. */
  raw(path: string, init?: RawRequest): Promise<RawResponse>

  /** Ends what is under way, watches too. */
  close(): Promise<void>
}

export interface RequestOptions {
  signal?: AbortSignal | undefined
}

export interface ListOptions extends RequestOptions {
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
  limit?: number | undefined
  continue?: string | undefined
  resourceVersion?: string | undefined
  resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined
  /** A longer answer is not read; default: 256 MiB. */
  maxBytes?: number | undefined
}

export interface WatchOptions extends RequestOptions {
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
  resourceVersion?: string | undefined
  allowWatchBookmarks?: boolean | undefined
  /** When the server is to end the watch. */
  timeoutSeconds?: number | undefined
  /** The server has accepted the watch; the first event may come much later. */
  onOpen?: (() => void) | undefined
}

/** The object of a BOOKMARK has a resourceVersion (and perhaps annotations) only. */
export interface WatchEvent<T extends KubernetesObject = KubernetesObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  object: T
}

export interface WriteOptions extends RequestOptions {
  /** The server does everything but store it. */
  dryRun?: boolean | undefined
  fieldManager?: string | undefined
}

export type PatchType = 'merge' | 'json' | 'strategic' | 'apply'

export interface PatchOptions extends WriteOptions {
  /** Default: merge. */
  contentType?: PatchType | undefined
  subresource?: string | undefined
  /** Server-side apply only: take fields over from other managers. */
  force?: boolean | undefined
}

export interface DeleteOptions extends RequestOptions {
  /** Preconditions: a Conflict if the object has another one. */
  uid?: string | undefined
  resourceVersion?: string | undefined
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined
}

export interface RawRequest extends RequestOptions {
  method?: string | undefined
  headers?: Record<string, string> | undefined
  body?: string | undefined
  timeoutMs?: number | undefined
}

export interface RawResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}
