/** Answers what never became a request (HTTP/1.1 that cannot be parsed, is too long or too slow) with a Status. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { failure } from '../status/status.ts'

interface Answer {
  readonly code: number
  readonly reason: string
  readonly message: string
}

const BAD_REQUEST: Answer = { code: 400, reason: 'BadRequest', message: 'the request is not valid HTTP' }
const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  ['HPE_HEADER_OVERFLOW', { code: 431, reason: 'BadRequest', message: "the request's header is too large" }],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { code: 408, reason: 'Timeout', message: 'the request did not arrive in time' },
  ],
])

export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { code, reason, message } = ANSWERS.get(error.code ?? '') ?? BAD_REQUEST
  const body = JSON.stringify(failure(code, reason, message).status)
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
