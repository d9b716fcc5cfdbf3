/** Refuses watches beyond a number: each holds a connection and has every change sent to it. */
import { requestAttributes } from '../auth/attributes.ts'
import type { Response } from '../http/exchange.ts'
import type { Filter } from '../http/server.ts'
import { failure } from '../status/status.ts'

const RETRY_AFTER_SECONDS = 1

export function limitWatches(limit: number): Filter {
  let open = 0
  return (request, response, next) => {
    const url = request.url ?? ''
    // Cheap for all requests that cannot be watches.
    if (!url.includes('watch') || requestAttributes(request.method ?? '', url).verb !== 'watch') {
      next()
      return
    }
    if (open >= limit) {
      refuse(response)
      return
    }
    open++
    response.once('close', () => open--)
    next()
  }
}

function refuse(response: Response): void {
  const message = 'Too many watches are open: close one, or try again later.'
  const { status } = failure(429, 'TooManyRequests', message, { retryAfterSeconds: RETRY_AFTER_SECONDS })
  response.setHeader('content-type', 'application/json')
  response.setHeader('retry-after', String(RETRY_AFTER_SECONDS))
  response.statusCode = 429
  response.end(JSON.stringify(status))
}
