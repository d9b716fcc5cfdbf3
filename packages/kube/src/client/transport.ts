import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { Access, Credentials, TlsAccess } from '../credentials/credentials.ts'
import { ConnectionError } from './connection-error.ts'

/** One HTTP request to the server of the credentials. */
export interface TransportRequest {
  method: string
  /** Path and query, below the server's own path. */
  path: string
  headers: Record<string, string>
  body?: string | undefined
  signal?: AbortSignal | undefined
  /** How long the head of the answer may take. */
  headersTimeoutMs: number
  /** How long its body may pause; 0: for ever. */
  bodyTimeoutMs: number
}

export interface TransportResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Can be read once; leaving the loop early ends the request. */
  body: AsyncIterable<Uint8Array>
}

/**
 * Sends requests over connections to one server, with the credentials of the moment. Over TLS the server
 * chooses between HTTP/2, where requests and watches share a connection, and HTTP/1.1, where each watch has
 * one of its own.
 */
export class Transport {
  readonly #credentials: Credentials
  readonly #origin: string
  readonly #basePath: string
  #pool: { dispatcher: Dispatcher; access: Access } | undefined
  readonly #retired = new Set<Dispatcher>()
  #closed = false

  constructor(credentials: Credentials) {
    this.#credentials = credentials
    const url = new URL(credentials.server)
    this.#origin = url.origin
    this.#basePath = url.pathname.replace(/\/+$/, '')
  }

  /**
   * Answers of every status resolve. Rejects with a ConnectionError, or with the signal's reason.
   * `refreshCredentials`: the server refused those that are cached.
   */
  async send(request: TransportRequest, refreshCredentials = false): Promise<TransportResponse> {
    const access = await this.#credentials.access({ refresh: refreshCredentials })
    request.signal?.throwIfAborted()
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
      const headers = joined(response.headers)
      return { status: response.statusCode, headers, body: this.#read(response.body, request) }
    } catch (error) {
      throw this.#failure(request, error)
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    const pools = [...this.#retired, ...(this.#pool === undefined ? [] : [this.#pool.dispatcher])]
    await Promise.all(pools.map(pool => pool.destroy()))
  }

  async *#read(body: AsyncIterable<Uint8Array>, request: TransportRequest): AsyncGenerator<Uint8Array> {
    try {
      yield* body
    } catch (error) {
      throw this.#failure(request, error)
    }
  }

  #failure(request: TransportRequest, error: unknown): unknown {
    if (request.signal?.aborted) return request.signal.reason
    if (this.#closed) return new ClientClosedError()
    const url = this.#credentials.server + request.path.replace(/\?.*/, '')
    return new ConnectionError(this.#credentials.server, `${request.method} ${url}`, error)
  }

  /** A renewed certificate needs connections of its own; those there are end with the last of their requests. */
  #dispatcher(access: Access): Dispatcher {
    if (this.#closed) throw new ClientClosedError()
    const current = this.#pool
    if (current !== undefined) {
      if (current.access === access || sameConnection(current.access, access)) return current.dispatcher
      this.#retire(current.dispatcher)
    }
    this.#pool = { dispatcher: openPool(this.#origin, access), access }
    return this.#pool.dispatcher
  }

  #retire(dispatcher: Dispatcher): void {
    this.#retired.add(dispatcher)
    const forget = () => this.#retired.delete(dispatcher)
    dispatcher.close().then(forget, forget)
  }
}

export class ClientClosedError extends Error {
  constructor() {
    super('the client was closed')
    this.name = 'ClientClosedError'
  }
}

const TLS_FIELDS: readonly (keyof TlsAccess)[] = ['ca', 'cert', 'key', 'serverName', 'insecureSkipVerify']

function sameConnection(one: Access, other: Access): boolean {
  return one.proxyUrl === other.proxyUrl && TLS_FIELDS.every(field => one.tls[field] === other.tls[field])
}

function openPool(origin: string, { tls, proxyUrl }: Access): Dispatcher {
  const { ca, cert, key, serverName, insecureSkipVerify } = tls
  const connect = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: insecureSkipVerify !== true,
    timeout: 10_000,
    // The kernel notices a peer that vanished 25 s after the last byte (15 s, then ten probes a second apart).
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
  }
  const options = {
    allowH2: true,
    // Idle connections outlive the pause between two renewals of a Lease; API servers close them after 90 s.
    keepAliveTimeout: 60_000,
    h2Options: { pingInterval: 15_000 },
  }
  if (proxyUrl !== undefined) return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: connect })
  return new Pool(origin, { ...options, connect })
}

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}
