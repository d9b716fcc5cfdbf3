import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorOf } from '@isthmus/api'
import type { Registry } from 'prom-client'
import { ERRORS } from './errors.ts'

/** What is asked of an agent here; an Agent is one. */
export interface HealthSource {
  readonly ready: boolean
  status(): { readonly reasons: readonly string[] }
  readonly metrics: Pick<Registry, 'contentType' | 'metrics'>
}

export interface HealthOptions {
  agent: HealthSource
  /** Default `127.0.0.1`. Beyond this machine only when told so: the metrics name services. */
  host?: string | undefined
  /** 0 for any that is free. */
  port: number
}

export interface HealthServer {
  /** `http://127.0.0.1:9080`, with the port that was taken. */
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  status: number
  contentType: string
  body: string
}

const TEXT = 'text/plain; charset=utf-8'

/** Probes and scrapes are small, few and quick; whoever is not is cut off. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
} as const
const MAX_CONNECTIONS = 64

/**
 * Serves /healthz (the process answers), /readyz (503 with one reason a line until the agent is ready) and
 * /metrics (Prometheus' text format), to GET and HEAD.
 *
 * @throws IsthmusError when it cannot listen.
 */
export async function serveHealth({ agent, host = '127.0.0.1', port }: HealthOptions): Promise<HealthServer> {
  const server = createServer(LIMITS, answerFor(agent))
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(cannotListen(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { address, family, port: taken } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answerFor(agent: HealthSource): RequestListener {
  const pages: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/healthz': () => ({ status: 200, contentType: TEXT, body: 'ok\n' }),
    '/readyz': () => readiness(agent),
    '/metrics': async () => ({
      status: 200,
      contentType: agent.metrics.contentType,
      body: await agent.metrics.metrics(),
    }),
  }
  return (request, response) => {
    respond(pages, request, response).catch(() => response.destroy())
  }
}

async function respond(
  pages: Readonly<Record<string, () => Answer | Promise<Answer>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (page === undefined)
    return send(request, response, text(404, `not found; try ${Object.keys(pages).join(', ')}\n`))
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return send(request, response, text(405, 'only GET and HEAD\n'))
  }
  send(request, response, await page())
}

function readiness(agent: HealthSource): Answer {
  if (agent.ready) return text(200, 'ok\n')
  const { reasons } = agent.status()
  return text(503, `${reasons.length > 0 ? reasons.join('\n') : 'starting'}\n`)
}

function text(status: number, body: string): Answer {
  return { status, contentType: TEXT, body }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body }: Answer,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return errorOf(ERRORS.healthPortInUse, { host, port }, error)
  return errorOf(ERRORS.healthNotListening, { host, port, reason: error.message }, error)
}
