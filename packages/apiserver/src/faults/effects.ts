/** What can go wrong with a request. Each effect is a function, so a test can bring its own. */
import type { Request, Response } from '../http/exchange.ts'
import { failure } from '../status/status.ts'
import type { Storage } from '../storage/storage.ts'
import { changeResponse } from './response-change.ts'

export interface FaultyRequest {
  readonly request: Request
  readonly response: Response
  readonly storage: Storage
  /** Answers as if nothing was wrong. */
  readonly next: () => void
}

export type Effect = (faulty: FaultyRequest) => void

/** The request is taken, and never answered. */
export const stall = (): Effect => () => {}

/** The answer comes late. */
export const delay =
  (milliseconds: number): Effect =>
  ({ response, next }) => {
    const timer = setTimeout(next, milliseconds)
    response.once('close', () => clearTimeout(timer))
  }

export interface Refusal {
  readonly reason?: string
  readonly message?: string
  readonly retryAfterSeconds?: number
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
])

/** The request is answered with a Status of this code, before anything is done. */
export const refuse =
  (
    code: number,
    { reason = REASONS.get(code), message = 'made to fail', retryAfterSeconds }: Refusal = {},
  ): Effect =>
  ({ request, response }) => {
    const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
    const body = JSON.stringify(failure(code, reason, message, details).status)
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds))
    response.setHeader('content-type', 'application/json')
    response.statusCode = code
    response.end(body)
    request.resume()
  }

/** The connection breaks before an answer. */
export const disconnect =
  (): Effect =>
  ({ request }) => {
    request.socket.destroy()
  }

/** The answer breaks off after this many bytes of the body. */
export const truncate =
  (bytes: number): Effect =>
  ({ response, next }) => {
    let left = bytes
    changeResponse(response, piece => {
      const send = piece.subarray(0, left)
      left -= piece.length
      return { send, breaks: left < 0 }
    })
    next()
  }

/** A watch breaks in the middle of the event after so many whole ones. */
export const cut =
  (afterEvents = 0): Effect =>
  ({ response, next }) => {
    let left = afterEvents
    changeResponse(response, piece => {
      const events = splitEvents(piece)
      const broken = events[left]
      if (broken === undefined) {
        left -= events.length
        return { send: piece }
      }
      const half = broken.subarray(0, broken.length / 2)
      return { send: Buffer.concat([...events.slice(0, left), half]), breaks: true }
    })
    next()
  }

/** A watch stays open and tells nothing more after so many events. */
export const silence =
  (afterEvents = 0): Effect =>
  ({ response, next }) => {
    let left = afterEvents
    changeResponse(response, piece => {
      const events = splitEvents(piece).slice(0, Math.max(0, left))
      left -= events.length
      return { send: Buffer.concat(events) }
    })
    next()
  }

/** A watch tells every event twice. */
export const repeat =
  (): Effect =>
  ({ response, next }) => {
    changeResponse(response, piece => ({
      send: Buffer.concat(splitEvents(piece).flatMap(event => [event, event])),
    }))
    next()
  }

/** A watch tells an older event again after each newer one, the oldest that it remembers first. */
export const replay =
  (remembered = 20): Effect =>
  ({ response, next }) => {
    const told: Buffer[] = []
    changeResponse(response, piece => ({
      send: Buffer.concat(
        splitEvents(piece).flatMap(event => {
          const older = told.length > remembered ? told.shift() : told[0]
          told.push(event)
          return older === undefined ? [event] : [event, older]
        }),
      ),
    }))
    next()
  }

/** A watch begins so many versions before the one that was asked for. */
export const rewind =
  (versions: number): Effect =>
  ({ request, next }) => {
    request.url = request.url?.replace(/(?<=[?&]resourceVersion=)\d+/, from =>
      String(Math.max(1, Number(from) - versions)),
    )
    next()
  }

/** History is forgotten before the request is answered: a watch from before is told 410. */
export const expire =
  (): Effect =>
  ({ storage, next }) => {
    storage.compact()
    next()
  }

const LINE_FEED = 0x0a

/** Events are lines, and the server sends whole ones. */
function splitEvents(piece: Buffer): Buffer[] {
  const events: Buffer[] = []
  for (let start = 0; start < piece.length; ) {
    const feed = piece.indexOf(LINE_FEED, start)
    const end = feed === -1 ? piece.length : feed + 1
    events.push(piece.subarray(start, end))
    start = end
  }
  return events
}
