import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type PodResolver, ResolveError } from './resolve.ts'

/** What became of one request. */
export interface Outcome {
  readonly ms: number
  /** Where it went, if it got that far. */
  readonly address?: string
  readonly status?: number
  /** Who answered, if the answer says so, as the playground's echo does. */
  readonly cluster?: string
  readonly pod?: string
  /** Set if it failed: the kind of error, in words. */
  readonly error?: string
}

/** The network that a pod is in. */
export interface PodNetwork {
  readonly resolver: PodResolver
  /** Where an address is reached from here. */
  readonly route: (address: string) => string
}

/** An answer is read this far to learn who gave it. */
const MAX_ANSWER_BYTES = 64 * 1024

/** One request on a connection of its own, from the question to the DNS server to the last byte. Never rejects. */
export async function attempt(
  url: URL,
  { resolver, route }: PodNetwork,
  timeoutMs: number,
): Promise<Outcome> {
  const started = performance.now()
  const elapsed = () => performance.now() - started
  let address: string | undefined
  try {
    const addresses = await resolver.resolve(url.hostname, timeoutMs)
    address = addresses[0] ?? ''
    const { status, body } = await get(url, route(address), Math.max(1, timeoutMs - elapsed()))
    const error = status >= 400 ? { error: `HTTP ${status}` } : {}
    return { ms: elapsed(), address, status, ...whoAnswered(body), ...error }
  } catch (error) {
    return { ms: elapsed(), error: errorKind(error), ...(address === undefined ? {} : { address }) }
  }
}

function get(url: URL, host: string, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host,
      port: url.port || 80,
      path: url.pathname + url.search,
      headers: { host: url.host, accept: 'application/json', connection: 'close' },
      agent: false,
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    })
    request.once('error', reject)
    request.once('response', response => {
      readBody(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    request.end()
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (bytes < MAX_ANSWER_BYTES) chunks.push(chunk)
    bytes += chunk.length
  }
  return Buffer.concat(chunks).toString('utf8')
}

function whoAnswered(body: string): Pick<Outcome, 'cluster' | 'pod'> {
  try {
    const { cluster, pod } = JSON.parse(body) as { cluster?: unknown; pod?: unknown }
    return {
      ...(typeof cluster === 'string' ? { cluster } : {}),
      ...(typeof pod === 'string' ? { pod } : {}),
    }
  } catch {
    return {}
  }
}

const RESOLVING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'the name has no address',
  ETIMEOUT: 'the DNS server did not answer in time',
  ECONNREFUSED: 'the DNS server is not running',
  ESERVFAIL: 'the DNS server failed (SERVFAIL)',
  EREFUSED: 'the DNS server has no such zone (REFUSED)',
}

const CONNECTING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'no route to the address',
  ENETUNREACH: 'no route to the address',
  ABORT_ERR: 'timed out',
  ETIMEDOUT: 'timed out',
}

function errorKind(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const words = error instanceof ResolveError ? RESOLVING[code] : CONNECTING[code]
  return words ?? (error instanceof Error ? error.message : String(error))
}
