import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionError } from './connection-error.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

/** As client-go: a server that keeps saying Retry-After is believed so many times. */
const MAX_ATTEMPTS = 10

/**
 * Sends a request again where the server certainly has not acted on it:
 * - 401, once: the token or certificate may have been renewed since it was cached;
 * - 429 or 503 with Retry-After: after that time, if it ends before `deadline` (by performance.now());
 * - a GET whose connection was cut before an answer, once: a kept-alive connection that the server just closed.
 */
export async function persistentSend(
  transport: Transport,
  request: TransportRequest,
  deadline: number,
): Promise<TransportResponse> {
  let refresh = false
  let cut = false
  for (let attempt = 1; ; attempt++) {
    let response: TransportResponse
    try {
      response = await transport.send(request, refresh)
    } catch (error) {
      if (cut || request.method !== 'GET' || !isCut(error)) throw error
      cut = true
      continue
    }
    if (response.status === 401 && !refresh) {
      refresh = true
      await discard(response)
      continue
    }
    const waitMs = askedToWait(response)
    if (waitMs === undefined || attempt >= MAX_ATTEMPTS || performance.now() + waitMs > deadline)
      return response
    await discard(response)
    await sleep(waitMs, undefined, { signal: request.signal }).catch(() => request.signal.throwIfAborted())
  }
}

const isCut = (error: unknown) => error instanceof ConnectionError && error.failure === 'cut'

function askedToWait({ status, headers }: TransportResponse): number | undefined {
  return status === 429 || status === 503 ? parseRetryAfter(headers['retry-after']) : undefined
}

/** Reads the rest, so that the connection can be used again; what is long is not worth it. */
async function discard(response: TransportResponse): Promise<void> {
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > 65_536) break
  }
}
