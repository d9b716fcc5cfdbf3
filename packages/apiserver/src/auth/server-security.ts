/** Authentication, impersonation and authorization of one server, and the resources that they bring. */
import type { Security } from '../http/server.ts'
import type { ResourceDefinition, UserInfo } from '../registry/definition.ts'
import type { Storage } from '../storage/storage.ts'
import { type Attributes, forbiddenError, requestAttributes } from './attributes.ts'
import { authenticate, type Credentials } from './authenticator.ts'
import { ALWAYS_ALLOW, type Authorizer, rbacAuthorizer } from './authorizer.ts'
import { impersonate, wantedUser } from './impersonation.ts'
import { keepAggregated } from './rbac/aggregation.ts'
import { bootstrapRoles } from './rbac/bootstrap.ts'
import { checkBinding, checkRole } from './rbac/escalation.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from './rbac/policy.ts'
import { reviewDefinitions } from './reviews/definitions.ts'
import { SERVICE_ACCOUNTS } from './tokens/bound-objects.ts'
import { createSigningKey, type SigningKey } from './tokens/jwt.ts'
import { ServiceAccountTokens } from './tokens/service-account-tokens.ts'
import { tokenConnection } from './tokens/token-request.ts'

export interface ServerSecurityOptions {
  readonly storage: Storage
  readonly authorization: 'RBAC' | 'AlwaysAllow'
  /** Who a request without credentials is from. */
  readonly anonymous: UserInfo
  /** Signs the tokens of ServiceAccounts; a new one unless given. */
  readonly signingKey?: SigningKey
  /** Of tokens, and their audience unless they ask for another. */
  readonly issuer?: string
  readonly now: () => Date
}

type Request = Credentials & {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
}

export class ServerSecurity implements Security {
  readonly authorizer: Authorizer
  readonly tokens: ServiceAccountTokens
  readonly #anonymous: UserInfo

  constructor(options: ServerSecurityOptions) {
    const { storage, authorization, anonymous, signingKey = createSigningKey(), issuer, now } = options
    this.#anonymous = anonymous
    this.tokens = new ServiceAccountTokens({ storage, key: signingKey, now, ...(issuer && { issuer }) })
    const byRoles = authorization === 'RBAC'
    this.authorizer = byRoles ? rbacAuthorizer(storage) : ALWAYS_ALLOW
    if (byRoles) bootstrapRoles(storage, now())
    keepAggregated(storage)
  }

  /** The user that a request acts as. Throws 401, or 400 or 403 if it wants to be somebody else. */
  authenticate(request: Request): UserInfo {
    const user = authenticate(request, this.tokens, this.#anonymous)
    const wanted = wantedUser(request.rawHeaders)
    if (wanted === undefined) return user
    const attributes = requestAttributes(request.method ?? '', request.url ?? '')
    return impersonate(user, wanted, attributes, this.authorizer)
  }

  /** Throws 403. */
  authorize(user: UserInfo, method: string, url: string): void {
    this.#require(user, requestAttributes(method, url))
  }

  /** Throws 403. */
  authorizeCreation(user: UserInfo, method: string, url: string): void {
    this.#require(user, { ...requestAttributes(method, url), verb: 'create' })
  }

  #require(user: UserInfo, attributes: Attributes): void {
    const { allowed, reason } = this.authorizer.authorize(user, attributes)
    if (!allowed) throw forbiddenError(user, attributes, reason)
  }

  /** The definitions with what security adds: the token subresource, checks against escalation, reviews. */
  extend(definitions: readonly ResourceDefinition[]): ResourceDefinition[] {
    const extended = definitions.map(definition => this.#extend(definition))
    return [...extended, ...reviewDefinitions(this.authorizer, this.tokens)]
  }

  #extend(definition: ResourceDefinition): ResourceDefinition {
    const isA = (...keys: { group: string; plural: string }[]) =>
      keys.some(({ group, plural }) => definition.group === group && definition.plural === plural)
    if (isA(SERVICE_ACCOUNTS)) {
      return override(definition, {
        connections: [...(definition.connections ?? []), tokenConnection(this.tokens)],
      })
    }
    if (isA(ROLES, CLUSTER_ROLES)) return this.#guard(definition, checkRole)
    if (isA(ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS)) return this.#guard(definition, checkBinding)
    return definition
  }

  /** Checks first of all: whoever may not write an object is not told what else is wrong with it. */
  #guard(definition: ResourceDefinition, check: typeof checkRole): ResourceDefinition {
    const { rules } = definition
    return override(definition, {
      rules: {
        ...rules,
        fill: (object, old, context) => {
          rules.fill?.(object, old, context)
          check(object, old, { user: context.user, storage: context.storage, authorizer: this.authorizer })
        },
      },
    })
  }
}

/** A spread would evaluate what a definition makes when it is first needed (its schema). */
const override = (definition: ResourceDefinition, parts: Partial<ResourceDefinition>): ResourceDefinition =>
  Object.defineProperties({} as ResourceDefinition, {
    ...Object.getOwnPropertyDescriptors(definition),
    ...Object.getOwnPropertyDescriptors(parts),
  })
