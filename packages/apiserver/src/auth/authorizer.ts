/** Who may do what: the two authorizers of the server. */
import type { ReadableStorage, UserInfo } from '../registry/definition.ts'
import { type Attributes, isResource } from './attributes.ts'
import { brokenGrants, describeGrant, grantsOf } from './rbac/policy.ts'
import { EVERYTHING, type PolicyRule, ruleAllows } from './rbac/rules.ts'
import { GROUPS } from './users.ts'

export interface Decision {
  readonly allowed: boolean
  /** Why, or what stood in the way; empty if there is nothing to say. */
  readonly reason: string
}

export interface Authorizer {
  authorize(user: UserInfo, attributes: Attributes): Decision
  /** All rules that hold for a user in a namespace, for `kubectl auth can-i --list`. */
  rulesFor(user: UserInfo, namespace: string): UserRules
}

export interface UserRules {
  readonly rules: readonly PolicyRule[]
  /** What could not be evaluated; empty if nothing. */
  readonly error: string
}

/** `AlwaysAllow`: for tests and playgrounds that are not about rights. */
export const ALWAYS_ALLOW: Authorizer = {
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => ({ rules: EVERYTHING, error: '' }),
}

/** `RBAC`: what Roles, ClusterRoles and their bindings say at this moment; nothing is cached. */
export function rbacAuthorizer(storage: ReadableStorage): Authorizer {
  return {
    authorize(user, attributes) {
      if (isPrivileged(user)) return { allowed: true, reason: '' }
      const namespace = isResource(attributes) ? attributes.namespace : ''
      for (const grant of grantsOf(storage, user, namespace)) {
        if (grant.rules?.some(rule => ruleAllows(rule, attributes))) {
          return { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` }
        }
      }
      const broken = brokenGrants(grantsOf(storage, user, namespace))
      return { allowed: false, reason: broken === '' ? '' : `RBAC: ${broken}` }
    },

    rulesFor(user, namespace) {
      const grants = [...grantsOf(storage, user, namespace)]
      return { rules: grants.flatMap(grant => grant.rules ?? []), error: brokenGrants(grants) }
    },
  }
}

/** Members of `system:masters` may do everything, so that no mistake in a role can lock everybody out. */
export const isPrivileged = (user: UserInfo): boolean => user.groups.includes(GROUPS.masters)
