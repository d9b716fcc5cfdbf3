/** The built-in container's servers: HTTP on a TCP port, an echo of every datagram on a UDP port. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import type { EchoResponder } from './echo-answer.ts'

export interface EchoPort {
  /** Rejects with the system's error. */
  listen(): Promise<void>
  /**
   * Takes nothing new; resolves when what is under way has ended, at the latest after `graceMs`. A second
   * call with a shorter time hurries the first.
   */
  close(graceMs: number): Promise<void>
}

export function echoHttp(host: string, port: number, responder: EchoResponder): EchoPort {
  let closed: PromiseWithResolvers<void> | undefined
  const server = createServer((request, response) => {
    // Answered when all of it has come, so that a client may send as slowly as it likes and still be answered.
    request.resume()
    request.on('end', () => responder.answer(request, response, closed !== undefined))
  })
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, backlog: 4096 }, () => {
          server.off('error', reject)
          server.on('error', () => {})
          resolve()
        })
      }),
    close: async graceMs => {
      if (closed === undefined) {
        closed = Promise.withResolvers<void>()
        server.close(() => closed?.resolve())
      }
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed.promise
      clearTimeout(timer)
    },
  }
}

export function echoUdp(host: string, port: number): EchoPort {
  let closed: PromiseWithResolvers<void> | undefined
  const socket = createSocket('udp4', (data, client) => socket.send(data, client.port, client.address))
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        socket.once('error', reject)
        socket.bind({ address: host, port }, () => {
          socket.off('error', reject)
          socket.on('error', () => {})
          resolve()
        })
      }),
    close: () => {
      if (closed === undefined) {
        closed = Promise.withResolvers<void>()
        socket.close(closed.resolve)
      }
      return closed.promise
    },
  }
}
