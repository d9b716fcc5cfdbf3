/** Changes what a server sends, piece by piece, without its knowing. */
import type { ServerResponse } from 'node:http'
import type { Response } from '../http/exchange.ts'

/** What is sent in place of a piece, and whether the connection breaks after it. */
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

  const pass = (piece: unknown, encoding: unknown): boolean => {
    if (broken) return true
    const bytes =
      typeof piece === 'string'
        ? Buffer.from(piece, encoding as BufferEncoding)
        : Buffer.from(piece as Buffer)
    const { send, breaks = false } = change(bytes)
    broken = breaks
    // What was sent has to arrive before the connection breaks.
    return write(send, breaks ? () => target.destroy() : undefined)
  }

  target.write = ((piece: unknown, encoding: unknown) =>
    pass(piece, typeof encoding === 'string' ? encoding : undefined)) as ServerResponse['write']
  target.end = ((piece?: unknown, encoding?: unknown) => {
    if (piece !== undefined && piece !== null && typeof piece !== 'function') {
      pass(piece, typeof encoding === 'string' ? encoding : undefined)
    }
    return broken ? target : end()
  }) as ServerResponse['end']
}
