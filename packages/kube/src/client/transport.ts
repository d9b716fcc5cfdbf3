import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { Access, Credentials, TlsAccess } from '../credentials/credentials.ts'
import { ConnectionError } from './connection-error.ts'

/** One HTTP request, to the server of the credentials. */
export interface TransportRequest {
  method: string
  /** Path and query, below the server's own path. */
  path: string
  headers?: Record<string, string>
  body?: string
  signal?: AbortSignal
  /** Until the headers of the answer are there; and the longest pause in its body. 0: endless. */
  headersTimeoutMs: number
  bodyTimeoutMs: number
}

export interface TransportResponse {
  status: number
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
  /** Reads what is left and forgets it, so that the connection can be used again. */
  discard(): Promise<void>
}

/** Sends requests with the credentials of the moment over a pool of connections to one server. */
export class Transport {
  readonly #credentials: Credentials
  readonly #origin: string
  readonly #basePath: string
  #pool: { dispatcher: Dispatcher; access: Access } | undefined
  #closed = false

  constructor(credentials: Credentials) {
    this.#credentials = credentials
    const url = new URL(credentials.server)
    this.#origin = url.origin
    this.#basePath = url.pathname.replace(/\/+$/, '')
  }

  /** Rejects with a ConnectionError, or with the signal's reason. */
  async send(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#sendOnce(request, false)
    if (response.status !== 401) return response
    // The token or certificate may have been renewed since it was cached.
    await response.discard()
    return this.#sendOnce(request, true)
  }

  async #sendOnce(request: TransportRequest, refresh: boolean): Promise<TransportResponse> {
    const access = await this.#credentials.access({ refresh })
    request.signal?.throwIfAborted()
    const doing = `${request.method} ${this.#credentials.server}${request.path.split('?', 1)[0]}`
    try {
      const response = await this.#dispatcher(access).request({
        origin: this.#origin,
        path: this.#basePath + request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: { ...access.headers, ...request.headers },
        body: request.body ?? null,
        signal: request.signal ?? null,
        headersTimeout: request.headersTimeoutMs,
        bodyTimeout: request.bodyTimeoutMs,
      })
      return {
        status: response.statusCode,
        headers: flat(response.headers),
        body: this.#read(response.body, doing, request.signal),
        discard: () => response.body.dump(),
      }
    } catch (error) {
      request.signal?.throwIfAborted()
      throw new ConnectionError(this.#credentials.server, doing, error)
    }
  }

  async *#read(
    body: AsyncIterable<Uint8Array>,
    doing: string,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* body
    } catch (error) {
      signal?.throwIfAborted()
      throw new ConnectionError(this.#credentials.server, doing, error)
    }
  }

  /** A renewed client certificate needs connections of its own; those there are end with their last request. */
  #dispatcher(access: Access): Dispatcher {
    if (this.#closed) throw new Error('the client is closed')
    const current = this.#pool
    if (current && (current.access === access || sameConnection(current.access, access)))
      return current.dispatcher
    current?.dispatcher.close().catch(() => {})
    const dispatcher = openPool(access)
    this.#pool = { dispatcher, access }
    return dispatcher
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#pool?.dispatcher.destroy()
  }
}

function sameConnection(one: Access, other: Access): boolean {
  const fields: (keyof TlsAccess)[] = ['ca', 'cert', 'key', 'serverName', 'insecureSkipVerify']
  return one.proxyUrl === other.proxyUrl && fields.every(field => one.tls[field] === other.tls[field])
}

function openPool(access: Access): Dispatcher {
  const { ca, cert, key, serverName, insecureSkipVerify } = access.tls
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: insecureSkipVerify !== true,
  }
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 15_000, timeout: 10_000 }
  if (access.proxyUrl !== undefined) return new ProxyAgent({ uri: access.proxyUrl, requestTls: tls })
  return new Agent({ connect, allowH2: false })
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}
