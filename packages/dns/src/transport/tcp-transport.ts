import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Counters } from '../counters.ts'
import type { Responder } from '../responder.ts'
import { TcpConnection } from './tcp-connection.ts'

export interface TcpSettings {
  /** After so long without a query a connection is closed (RFC 7766, 6.2.3). */
  readonly idleTimeoutMs: number
  /** With more, the one that has not asked for longest is closed. */
  readonly maxConnections: number
}

/** The TCP side: accepts connections, as many as are allowed. */
export class TcpTransport {
  readonly #responder: Responder
  readonly #counters: Counters
  readonly #settings: TcpSettings
  /** The one that asked last is last. */
  readonly #connections = new Set<TcpConnection>()
  #server: Server | undefined

  constructor(responder: Responder, counters: Counters, settings: TcpSettings) {
    this.#responder = responder
    this.#counters = counters
    this.#settings = settings
  }

  /** `host` is an address; port 0 takes a free one. Gives the port. Rejects with the system's error. */
  async listen(host: string, port: number): Promise<number> {
    const server = createServer(socket => {
      const connection: TcpConnection = new TcpConnection({
        socket,
        responder: this.#responder,
        idleTimeoutMs: this.#settings.idleTimeoutMs,
        onQuery: () => this.#touch(connection),
      })
      this.#touch(connection)
      this.#makeRoom()
      socket.on('close', () => {
        this.#connections.delete(connection)
        this.#counters.connections = this.#connections.size
      })
    })
    server.listen({ host, port })
    await once(server, 'listening')
    // Such as too many open files: those that are open go on.
    server.on('error', () => {})
    this.#server = server
    return (server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const connection of this.#connections) connection.destroy()
    if (server) await new Promise(resolve => server.close(resolve))
  }

  #touch(connection: TcpConnection): void {
    this.#connections.delete(connection)
    this.#connections.add(connection)
    this.#counters.connections = this.#connections.size
  }

  #makeRoom(): void {
    const [longestIdle] = this.#connections
    if (!longestIdle || this.#connections.size <= this.#settings.maxConnections) return
    this.#connections.delete(longestIdle)
    longestIdle.destroy()
    this.#counters.connectionsEvicted++
  }
}
