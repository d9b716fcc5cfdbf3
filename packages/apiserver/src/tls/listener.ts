/** The socket that a server listens on: HTTP/1.1, or with TLS HTTP/2 and HTTP/1.1 by ALPN. */
import { createServer, type Server } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Request, Response } from '../http/exchange.ts'
import { answerClientError } from '../limits/client-error.ts'
import type { Limits } from '../limits/limits.ts'
import type { KeyPair } from './certificate-authority.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0 is any free one. */
  readonly port: number
  readonly limits: Limits
  readonly tls?: ListenerTls
}

export interface ListenerTls {
  readonly server: KeyPair
  /** Whose client certificates are trusted, in PEM. Clients need not have one. */
  readonly clientAuthority: string
}

export interface Listener {
  /** `https://127.0.0.1:6443` */
  readonly url: string
  /** Ends all connections, watches too. */
  close(): Promise<void>
}

type RequestListener = (request: Request, response: Response) => void

/** Answers when the socket takes connections. Throws the error of the operating system if it cannot. */
export async function listen(answer: RequestListener, options: ListenerOptions): Promise<Listener> {
  const { host, port, limits, tls } = options
  const server = tls ? secureServer(answer, limits, tls) : plainServer(answer, limits)
  server.maxConnections = limits.connections
  server.on('clientError', answerClientError)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function plainServer(answer: RequestListener, limits: Limits): Server {
  return createServer(httpOptions(limits), answer)
}

const httpOptions = ({ headerBytes, headerSeconds, requestSeconds, idleSeconds }: Limits) => ({
  maxHeaderSize: headerBytes,
  headersTimeout: 1000 * Math.min(headerSeconds, requestSeconds),
  requestTimeout: 1000 * requestSeconds,
  keepAliveTimeout: 1000 * idleSeconds,
  // How often node:http looks for who is too slow; 30 s unless said.
  connectionsCheckingInterval: Math.min(1000, 500 * Math.min(headerSeconds, requestSeconds)),
})

function secureServer(answer: RequestListener, limits: Limits, tls: ListenerTls): Http2SecureServer {
  const server = createSecureServer({
    ...httpOptions(limits),
    allowHTTP1: true,
    cert: tls.server.certificate,
    key: tls.server.privateKey,
    ca: tls.clientAuthority,
    requestCert: true,
    // A wrong certificate is answered with 401, as kube-apiserver does, not with a failed handshake.
    rejectUnauthorized: false,
    handshakeTimeout: 1000 * limits.headerSeconds,
    settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes },
  })
  server.on('session', session => endWhenIdle(session, limits.idleSeconds))
  server.on('request', (request, response) => {
    if (request.httpVersionMajor === 2) endIfSlow(request, limits.requestSeconds)
    answer(request, response)
  })
  return server
}

/** What node:http does of itself for HTTP/1.1. */
function endWhenIdle(session: ServerHttp2Session, idleSeconds: number): void {
  let open = 0
  session.on('stream', stream => {
    open++
    stream.once('close', () => open--)
  })
  session.setTimeout(1000 * idleSeconds, () => {
    if (open === 0) session.close()
  })
}

/** A client that trickles a body holds a stream and what has been read. */
function endIfSlow({ stream }: Http2ServerRequest, requestSeconds: number): void {
  if (stream.endAfterHeaders) return
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 1000 * requestSeconds)
  const settle = () => clearTimeout(timer)
  stream.once('end', settle)
  stream.once('close', settle)
}
