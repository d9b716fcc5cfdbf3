import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Pem } from './certificates.ts'

export interface TlsServerOptions extends Pem {
  /** Asks for client certificates, of this authority. */
  clientAuthority?: string
}

/** Answers over TLS: `/…?watch=true` with a watch without end, anything else with who asked and how. */
export class TlsServer {
  connections = 0
  readonly #sockets = new Set<TLSSocket>()
  readonly #watches = new Set<{ write(text: string): unknown }>()
  readonly #server: Server

  private constructor({ clientAuthority, ...options }: TlsServerOptions) {
    const clients =
      clientAuthority === undefined
        ? {}
        : { ca: clientAuthority, requestCert: true, rejectUnauthorized: false }
    this.#server = createServer({ ...options, ...clients }, (request, response) => {
      if (request.url?.includes('watch=true')) {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
        this.#watches.add(response)
        response.on('close', () => this.#watches.delete(response))
        return
      }
      const socket = request.socket as TLSSocket
      const client = socket.authorized ? socket.getPeerCertificate().subject.CN : undefined
      response.end(JSON.stringify({ client, authorization: request.headers.authorization }))
    })
    this.#server.on('secureConnection', socket => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: TlsServerOptions): Promise<TlsServer> {
    const server = new TlsServer(options)
    await new Promise<void>(resolve => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  get watches(): number {
    return this.#watches.size
  }

  /** The same event on every watch. */
  emit(name: string): void {
    const event = { type: 'ADDED', object: { metadata: { name } } }
    for (const watch of this.#watches) watch.write(`${JSON.stringify(event)}\n`)
  }

  /** Every connection, at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
