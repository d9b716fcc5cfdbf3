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
  /** An endless answer: gets a connection of its own. */
  watch?: boolean
  signal: AbortSignal
}

export interface TransportResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Can be read once; leaving the loop early ends the request. */
  body: AsyncIterable<Uint8Array>
}

interface Connections {
  access: Access
  requests: Dispatcher
  watches: Dispatcher
}

/**
 * Sends requests to one server, with the credentials of the moment, in HTTP/1.1: requests share a few
 * connections, a watch has one to itself. Not in HTTP/2: see docs/adr/0010.
 */
export class Transport {
  readonly #credentials: Credentials
  readonly #origin: string
  readonly #basePath: string
  readonly #retired = new Set<Dispatcher>()
  #current: Connections | undefined
  #closed = false

  readonly #connectTimeoutMs: number

  /** @param connectTimeoutMs what is connecting keeps a process alive for as long, also after `close`. */
  constructor(credentials: Credentials, connectTimeoutMs: number) {
    this.#credentials = credentials
    this.#connectTimeoutMs = connectTimeoutMs
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
    request.signal.throwIfAborted()
    try {
      const pool = this.#connections(access)[request.watch ? 'watches' : 'requests']
      const answer = pool.request({
        origin: this.#origin,
        path: this.#basePath + request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: { ...access.headers, ...request.headers },
        body: request.body ?? null,
        signal: request.signal,
      })
      const response = await orAborted(answer, request.signal)
      const headers = joined(response.headers)
      return { status: response.statusCode, headers, body: this.#read(response.body, request) }
    } catch (error) {
      throw this.#failure(request, error)
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    const { requests, watches } = this.#current ?? {}
    const pools = [...this.#retired, requests, watches]
    await Promise.all(pools.map(pool => pool?.destroy()))
  }

  async *#read(body: AsyncIterable<Uint8Array>, request: TransportRequest): AsyncGenerator<Uint8Array> {
    try {
      yield* body
    } catch (error) {
      throw this.#failure(request, error)
    }
  }

  #failure(request: TransportRequest, error: unknown): unknown {
    if (request.signal.aborted) return request.signal.reason
    if (this.#closed) return new ClientClosedError()
    const url = this.#credentials.server + request.path.replace(/\?.*/, '')
    return new ConnectionError(this.#credentials.server, `${request.method} ${url}`, { cause: error })
  }

  /** A renewed certificate needs connections of its own; those there are end with the last of their requests. */
  #connections(access: Access): Connections {
    if (this.#closed) throw new ClientClosedError()
    const current = this.#current
    if (current !== undefined) {
      if (current.access === access || sameConnection(current.access, access)) return current
      this.#retire(current.requests)
      this.#retire(current.watches)
    }
    this.#current = {
      access,
      requests: openPool(this.#origin, access, MAX_REQUEST_CONNECTIONS, this.#connectTimeoutMs),
      watches: openPool(this.#origin, access, null, this.#connectTimeoutMs),
    }
    return this.#current
  }

  #retire(pool: Dispatcher): void {
    this.#retired.add(pool)
    const forget = () => this.#retired.delete(pool)
    pool.close().then(forget, forget)
  }
}

/** undici looks at the signal of a request once it has a connection: one that does not come about is not waited for. */
async function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([answer, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
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

/** As quick for a burst of hundreds as any number: measured in docs/adr/0010. */
const MAX_REQUEST_CONNECTIONS = 16

function openPool(
  origin: string,
  { tls, proxyUrl }: Access,
  connections: number | null,
  connectTimeoutMs: number,
): Dispatcher {
  const { ca, cert, key, serverName, insecureSkipVerify } = tls
  const connect = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: insecureSkipVerify !== true,
    timeout: connectTimeoutMs,
    // The kernel notices a peer that vanished 25 s after its last byte: then ten probes, a second apart.
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
  }
  const options = {
    connections,
    allowH2: false,
    // The signal of a request says how long it may take.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Idle connections outlive the pause between two renewals of a Lease; API servers close them after 90 s.
    keepAliveTimeout: 60_000,
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
