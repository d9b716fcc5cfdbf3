/** From a request to who answers it: authentication, authorization, then the path. */
import { answerDiscovery } from '../discovery/answer.ts'
import type { UserInfo } from '../registry/definition.ts'
import type { Environment } from '../rest/environment.ts'
import { internalError, unknownResource } from '../status/failures.ts'
import { StatusError } from '../status/status.ts'
import { Exchange, type Request, type Response } from './exchange.ts'
import { answerHealth } from './health.ts'
import { parsePath, type Target } from './path.ts'
import { answerResourceRequest } from './resource-requests.ts'

/** Who may do what. All throw a StatusError (401, 403) to refuse. */
export interface Security {
  authenticate(request: Request): UserInfo | Promise<UserInfo>
  /** Decides by method and URL alone, before it is known whether there is such a path. */
  authorize(user: UserInfo, method: string, url: string): void | Promise<void>
  /** A PUT or PATCH that creates its object needs the right to create it as well. */
  authorizeCreation(user: UserInfo, method: string, url: string): void
}

/** Sees every request first; one that does not call `next` answers itself (faults, for tests of clients). */
export type Filter = (request: Request, response: Response, next: () => void) => void

/** Answers a path that is no resource's; false if it is not its own. */
export type PathAnswer = (exchange: Exchange) => Promise<boolean>

export interface ServerParts {
  readonly environment: Environment
  readonly security: Security
  /** Beside discovery and health, such as OpenAPI. */
  readonly paths: readonly PathAnswer[]
}

/** A listener for node:http and node:http2 servers. Every request gets an answer. */
export function requestListener(parts: ServerParts): (request: Request, response: Response) => void {
  return (request, response) => {
    const exchange = new Exchange(request, response)
    answer(parts, exchange).catch(error => refuse(exchange, error))
  }
}

async function answer(parts: ServerParts, exchange: Exchange): Promise<void> {
  const { environment, security } = parts
  const user = await security.authenticate(exchange.request)
  const url = exchange.request.url ?? '/'
  await security.authorize(user, exchange.method, url)
  const target = targetOf(exchange.path)
  if (target?.type === 'resource') {
    const { group, version, plural, namespace } = target
    const definition = environment.registry.lookup(group, version, plural)
    const isMisplaced =
      definition === undefined ||
      (namespace !== undefined && !definition.namespaced) ||
      (namespace === undefined && target.name !== undefined && definition.namespaced)
    if (isMisplaced) return notFound(environment, exchange, group)
    const authorizeCreation = () => security.authorizeCreation(user, exchange.method, url)
    return answerResourceRequest({ environment, definition, path: target, exchange, user, authorizeCreation })
  }
  if (target !== undefined && (await answerDiscovery(environment, target, exchange))) return
  if (await answerHealth(exchange)) return
  for (const path of parts.paths) if (await path(exchange)) return
  if (target?.type === 'version' || target?.type === 'group')
    return notFound(environment, exchange, target.group)
  return exchange.sendText(404, '404 page not found\n')
}

function targetOf(path: string): Target | undefined {
  try {
    return parsePath(path)
  } catch {
    return undefined
  }
}

/** Below a built-in group a Status, elsewhere what Go's HTTP server says. */
function notFound({ registry }: Environment, exchange: Exchange, group: string): Promise<void> {
  if (registry.isBuiltIn(group)) throw unknownResource()
  return exchange.sendText(404, '404 page not found\n')
}

function refuse(exchange: Exchange, error: unknown): void {
  const { response } = exchange
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (!(error instanceof StatusError)) console.error('apiserver: a request failed unexpectedly:', error)
  const status = error instanceof StatusError ? error : internalError((error as Error).message)
  exchange.sendError(status).catch(() => response.destroy())
}
