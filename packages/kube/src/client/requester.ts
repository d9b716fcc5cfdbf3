import { apiError, parseJson, readText, timedOut } from './answer.ts'
import type { RequestDescription } from './api-error.ts'
import { Deadline } from './deadline.ts'
import { splitLines } from './lines.ts'
import { persistentSend } from './persistent-send.ts'
import type { Transport, TransportResponse } from './transport.ts'

/** One request to the API, and how to speak of it. */
export interface Call {
  method: string
  path: string
  request: RequestDescription
  body?: string | undefined
  /** Default: `application/json`. */
  contentType?: string | undefined
  headers?: Record<string, string> | undefined
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
  /** Of the answer. */
  maxBytes?: number | undefined
}

export interface Answer {
  status: number
  headers: Record<string, string>
  text: string
}

/** The longest event of a watch that is read: etcd takes objects of 1.5 MiB, by default. */
const MAX_EVENT_BYTES = 16 << 20

/** Makes calls: adds the headers, bounds time and size, and turns refusals into errors. */
export class Requester {
  readonly #transport: Transport
  readonly #userAgent: string
  readonly #timeoutMs: number

  constructor(transport: Transport, userAgent: string, timeoutMs: number) {
    this.#transport = transport
    this.#userAgent = userAgent
    this.#timeoutMs = timeoutMs
  }

  /** The JSON of a success. Rejects with an ApiError for every other answer. */
  async json<T>(call: Call): Promise<T> {
    return parseJson<T>(await this.text(call), call.request)
  }

  async text(call: Call): Promise<string> {
    const answer = await this.answer(call)
    if (answer.status >= 300) throw apiError(call.request, answer)
    return answer.text
  }

  /** Any answer, whatever its status. */
  async answer(call: Call): Promise<Answer> {
    const deadline = this.#deadline(call)
    try {
      const response = await this.#send(call, deadline, false)
      const { status, headers } = response
      return { status, headers, text: await readText(response, call.request, call.maxBytes) }
    } catch (error) {
      throw deadline.expired ? timedOut(call.request, this.#timeoutOf(call)) : error
    } finally {
      deadline.cancel()
    }
  }

  /** The lines of an answer without end. The time is bounded until the server accepts. */
  async *lines(call: Call, onOpen?: () => void): AsyncGenerator<string> {
    const deadline = this.#deadline(call)
    try {
      const response = await this.#send(call, deadline, true)
      const { status, headers } = response
      if (status !== 200)
        throw apiError(call.request, { status, headers, text: await readText(response, call.request) })
      deadline.cancel()
      onOpen?.()
      yield* splitLines(response.body, MAX_EVENT_BYTES)
    } catch (error) {
      throw deadline.expired ? timedOut(call.request, this.#timeoutOf(call)) : error
    } finally {
      deadline.cancel()
    }
  }

  #send(call: Call, { signal, at }: Deadline, watch: boolean): Promise<TransportResponse> {
    const contentType =
      call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }
    const headers = {
      accept: 'application/json',
      'user-agent': this.#userAgent,
      ...contentType,
      ...call.headers,
    }
    const { method, path, body } = call
    // A watch that is refused is the reflector's to try again.
    return persistentSend(this.#transport, { method, path, headers, body, watch, signal }, watch ? 0 : at)
  }

  #deadline(call: Call): Deadline {
    return new Deadline(this.#timeoutOf(call), call.signal)
  }

  #timeoutOf(call: Call): number {
    return call.timeoutMs ?? this.#timeoutMs
  }
}
