/** Listens on a Service's TCP port and joins each connection with one to an endpoint. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { loopbackOf } from '../addresses/loopback.ts'
import type { PortListener } from './port-listener.ts'
import type { Spreader } from './spreader.ts'

/** The kernel cuts it to net.core.somaxconn: a burst of connections should not wait for retries of SYN. */
const BACKLOG = 4096

export class TcpListener implements PortListener {
  readonly #address: string
  readonly #port: number
  readonly #spreader: Spreader
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(address: string, port: number, spreader: Spreader) {
    this.#address = address
    this.#port = port
    this.#spreader = spreader
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Either end may finish sending first and still be answered: half-open, as if it were connected directly.
      const server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#join(client))
      server.once('error', reject)
      server.listen({ host: this.#address, port: this.#port, backlog: BACKLOG }, () => {
        server.off('error', reject)
        // Accepting fails while the process is out of file descriptors: a later connection may do better.
        server.on('error', () => {})
        this.#server = server
        resolve()
      })
    })
  }

  /** Established connections outlive a change of endpoints, as they do with kube-proxy. */
  endpointsChanged(): void {}

  stopListening(): void {
    this.#server?.close()
    this.#server = undefined
  }

  close(): void {
    this.stopListening()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(client: Socket): void {
    const endpoint = this.#spreader.next(client.remoteAddress ?? '')
    if (endpoint === undefined) {
      client.resetAndDestroy()
      return
    }
    const { address, port } = endpoint
    const upstream = connect({ host: loopbackOf(address), port, allowHalfOpen: true, noDelay: true })
    this.#track(client, upstream)
    this.#track(upstream, client)
    client.pipe(upstream)
    upstream.pipe(client)
  }

  /** What breaks one side breaks the other in the same way: by a reset, not by an orderly end. */
  #track(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => other.resetAndDestroy())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroySoon()
    })
  }
}
