/** Changes what a server sends, piece by piece, without its knowing. */
import type { ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import type { Response } from '../http/exchange.ts'

/** What is sent in place of a piece, and whether the answer breaks off after it. */
export interface Change {
  readonly send: Buffer
  readonly breaks?: boolean
}

/** Has `change` look at everything that is written to the body of an answer. */
export function changeResponse(response: Response, change: (piece: Buffer) => Change): void {
  // Both kinds of answer have these methods; their overloads do not matter here.
  const target = response as ServerResponse
  const write = target.write.bind(target) as (piece: Buffer, done?: () => void) => boolean
  const end = target.end.bind(target) as () => ServerResponse
  let broken = false

  const pass = (piece: string | Uint8Array, encoding: unknown): boolean => {
    if (broken) return true
    const bytes =
      typeof piece === 'string' ? Buffer.from(piece, encoding as BufferEncoding) : Buffer.from(piece)
    const { send, breaks = false } = change(bytes)
    broken = breaks
    // What was sent has to arrive before the answer breaks off.
    return write(send, breaks ? () => breakOff(response) : undefined)
  }
  const encodingOf = (argument: unknown) => (typeof argument === 'string' ? argument : undefined)

  target.write = ((piece: string | Uint8Array, encoding?: unknown) =>
    pass(piece, encodingOf(encoding))) as ServerResponse['write']
  target.end = ((piece?: unknown, encoding?: unknown) => {
    const isPiece = typeof piece === 'string' || piece instanceof Uint8Array
    if (isPiece) pass(piece, encodingOf(encoding))
    return broken ? target : end()
  }) as ServerResponse['end']
}

/** HTTP/1.1 has nothing but the connection to break; HTTP/2 resets the stream, or the client sees an orderly end. */
function breakOff(response: Response): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}
