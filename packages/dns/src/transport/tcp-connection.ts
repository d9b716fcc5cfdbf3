import type { Socket } from 'node:net'
import { HEADER_SIZE } from '../message/protocol.ts'
import type { Responder } from '../responder.ts'

/** The length before each message (RFC 1035, 4.2.2). */
const PREFIX_SIZE = 2
/** A question and an OPT record with every option there is are well below. */
const LARGEST_QUERY = 4096
/** Answers that the client does not fetch are held up to here; then it is not read from any more. */
const UNSENT_LIMIT = 1 << 18

export interface TcpConnectionSettings {
  readonly socket: Socket
  readonly responder: Responder
  /** After so long without a whole query the connection is closed. */
  readonly idleTimeoutMs: number
  readonly onQuery: () => void
}

/** One connection: queries are answered in the order in which they come, as many as come. */
export class TcpConnection {
  readonly #settings: TcpConnectionSettings
  readonly #idle: NodeJS.Timeout
  #unread: Buffer = Buffer.alloc(0)

  constructor(settings: TcpConnectionSettings) {
    this.#settings = settings
    const { socket, idleTimeoutMs } = settings
    // Bytes that make no query, or answers not fetched, do not keep a connection.
    this.#idle = setTimeout(() => socket.destroy(), idleTimeoutMs)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => clearTimeout(this.#idle))
    socket.on('data', bytes => this.#receive(bytes))
    socket.on('drain', () => this.#answerUnread())
  }

  destroy(): void {
    this.#settings.socket.destroy()
  }

  #receive(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    this.#answerUnread()
  }

  #answerUnread(): void {
    const { socket } = this.#settings
    let at = 0
    socket.cork()
    while (this.#unread.length - at >= PREFIX_SIZE && socket.writableLength < UNSENT_LIMIT) {
      const size = this.#unread.readUInt16BE(at)
      if (size < HEADER_SIZE || size > LARGEST_QUERY) {
        this.destroy()
        return
      }
      const end = at + PREFIX_SIZE + size
      if (end > this.#unread.length) break
      this.#answer(this.#unread.subarray(at + PREFIX_SIZE, end))
      at = end
    }
    socket.uncork()
    this.#unread = this.#unread.subarray(at)
    if (socket.writableLength >= UNSENT_LIMIT) socket.pause()
    else socket.resume()
  }

  #answer(query: Buffer): void {
    const { socket, responder, onQuery } = this.#settings
    this.#idle.refresh()
    onQuery()
    const size = responder.respond(query, 'tcp')
    if (size === 0) return
    const framed = Buffer.allocUnsafe(PREFIX_SIZE + size)
    framed.writeUInt16BE(size, 0)
    responder.response.copy(framed, PREFIX_SIZE, 0, size)
    socket.write(framed)
  }
}
