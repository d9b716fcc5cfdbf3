import type { ResourceDefinition, UserInfo } from '../registry/definition.ts'
import type { Address, Environment, WriteOptions } from '../rest/environment.ts'
import { type Exchange, userAgentName } from './exchange.ts'
import type { ResourcePath } from './path.ts'

/** A request for a resource that is served, by a user who may make it. */
export interface ResourceRequest {
  readonly environment: Environment
  readonly definition: ResourceDefinition
  readonly path: ResourcePath
  readonly exchange: Exchange
  readonly user: UserInfo
  /** Throws 403 if the user may not create the object that the request names. */
  readonly authorizeCreation: () => void
}

export type Answer = (request: ResourceRequest) => Promise<void>

export const addressOf = ({ path: { namespace, name } }: ResourceRequest): Address => ({
  namespace,
  name: name ?? '',
})

/** What a write says of itself: without a field manager its user agent is named. */
export function writeOptionsOf(
  { user, exchange, authorizeCreation }: ResourceRequest,
  { dryRun, fieldManager }: { readonly dryRun: boolean; readonly fieldManager?: string },
): WriteOptions {
  return {
    user,
    dryRun,
    fieldManager: fieldManager ?? userAgentName(exchange),
    warn: exchange.warn,
    authorizeCreation,
  }
}
