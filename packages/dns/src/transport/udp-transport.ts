import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Responder } from '../responder.ts'

/** Asked of the kernel, which may give less: queries wait here while garbage is collected. */
const RECEIVE_BUFFER_SIZE = 1 << 20

/** Answers that wait for the kernel to take them; with more waiting, queries are dropped. */
const LARGEST_QUEUE = 1000

/** One UDP socket. Answers are sent from the responder's buffer, without a copy, a promise or a callback. */
export class UdpTransport {
  readonly #responder: Responder
  #socket: Socket | undefined

  constructor(responder: Responder) {
    this.#responder = responder
  }

  /** `host` is an address. Rejects with the system's error. */
  async listen(host: string, port: number): Promise<void> {
    const family = isIPv6(host) ? 6 : 4
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: false,
      recvBufferSize: RECEIVE_BUFFER_SIZE,
      // Only addresses come here. Looking them up would put every answer off to the next tick, when its
      // buffer may hold another. To a socket for IPv6, those of IPv4 are mapped ones.
      lookup: (address, _options, callback) => callback(null, address, family),
    })
    // Listened for first: with an address that needs no looking up, bind is done at once.
    const listening = once(socket, 'listening')
    socket.bind({ address: host, port })
    try {
      await listening
    } catch (error) {
      socket.close()
      throw error
    }
    // What UDP reports later is about single answers that could not be sent: clients ask again.
    socket.on('error', () => {})
    socket.on('message', (message, peer) => this.#answer(socket, message, peer))
    this.#socket = socket
  }

  #answer(socket: Socket, message: Buffer, peer: RemoteInfo): void {
    // Nothing can be sent to port 0; only a forged query comes from there.
    if (peer.port === 0) return
    const queued = socket.getSendQueueCount()
    // As good as lost on the way: clients ask again.
    if (queued >= LARGEST_QUEUE) return
    const responder = this.#responder
    const size = responder.respond(message, 'udp')
    if (size === 0) return
    if (queued > 0) {
      socket.send(Buffer.from(responder.response.subarray(0, size)), peer.port, peer.address)
      return
    }
    socket.send(responder.response, 0, size, peer.port, peer.address)
    // The kernel did not take it at once, and it is sent from there later.
    if (socket.getSendQueueCount() > 0) responder.replaceResponse()
  }

  async close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket) await new Promise<void>(resolve => socket.close(resolve))
  }
}
