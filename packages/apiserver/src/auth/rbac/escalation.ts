/**
 * Nobody may give away rights that they do not have: checked when a role is written (or the verb
 * `escalate` allows it) and when a role is bound (or the verb `bind` does).
 */
import { isDeepStrictEqual } from 'node:util'
import type { ReadableStorage, StoredObject, UserInfo } from '../../registry/definition.ts'
import { forbidden } from '../../status/failures.ts'
import type { ResourceAttributes } from '../attributes.ts'
import { type Authorizer, isPrivileged } from '../authorizer.ts'
import { quotedList } from '../quoted-list.ts'
import {
  type Binding,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  RBAC_GROUP,
  ROLE_BINDINGS,
  ROLES,
  type Role,
  rulesOfRole,
} from './policy.ts'
import { describeRule, EVERYTHING, joinVerbs, missingRights, type PolicyRule } from './rules.ts'

export interface EscalationContext {
  readonly user: UserInfo
  readonly storage: ReadableStorage
  readonly authorizer: Authorizer
}

/** Throws 403 if the user may not write this Role or ClusterRole. `old` is set on an update. */
export function checkRole(
  object: StoredObject,
  old: StoredObject | undefined,
  context: EscalationContext,
): void {
  const { user, authorizer } = context
  if (isPrivileged(user) || (old && changesOnlyOwnership(object, old))) return
  const role = object as Role
  const about = role.kind === 'Role' ? ROLES : CLUSTER_ROLES
  const { name, namespace = '' } = role.metadata
  const escalate = rbacAttributes('escalate', about.plural, namespace, name)
  if (authorizer.authorize(user, escalate).allowed) return

  refuseMissing(context, role.rules ?? [], namespace, text => forbidden(about, name, text))
  const aggregates = role.aggregationRule ?? (old as Role | undefined)?.aggregationRule
  if (aggregates && missingRights(authorizer.rulesFor(user, '').rules, EVERYTHING).length > 0) {
    throw forbidden(about, name, 'must have cluster-admin privileges to use the aggregationRule')
  }
}

/** Throws 403 if the user may not write this RoleBinding or ClusterRoleBinding, 404 if there is no such role. */
export function checkBinding(
  object: StoredObject,
  old: StoredObject | undefined,
  context: EscalationContext,
): void {
  const { user, storage, authorizer } = context
  if (isPrivileged(user) || (old && changesOnlyOwnership(object, old))) return
  const { kind, metadata, roleRef } = object as Binding
  const about = kind === 'RoleBinding' ? ROLE_BINDINGS : CLUSTER_ROLE_BINDINGS
  const namespace = metadata.namespace ?? ''
  const plural = ROLE_PLURALS.get(roleRef?.kind)
  // An unknown kind of role is for validation to refuse.
  if (plural === undefined || roleRef.apiGroup !== RBAC_GROUP) return
  if (authorizer.authorize(user, rbacAttributes('bind', plural, namespace, roleRef.name)).allowed) return

  const rules = rulesOfRole(storage, roleRef, namespace)
  refuseMissing(context, rules, namespace, text => forbidden(about, metadata.name, text))
}

const ROLE_PLURALS: ReadonlyMap<string, string> = new Map([
  ['Role', ROLES.plural],
  ['ClusterRole', CLUSTER_ROLES.plural],
])

const rbacAttributes = (
  verb: string,
  resource: string,
  namespace: string,
  name: string,
): ResourceAttributes => ({
  verb,
  group: RBAC_GROUP,
  version: 'v1',
  resource,
  subresource: '',
  namespace,
  name,
})

function refuseMissing(
  { user, authorizer }: EscalationContext,
  wanted: readonly PolicyRule[],
  namespace: string,
  refusal: (text: string) => Error,
): void {
  const held = authorizer.rulesFor(user, namespace)
  const missing = missingRights(held.rules, wanted)
  if (missing.length === 0) return
  const rights = joinVerbs(missing).map(describeRule).sort()
  throw refusal(
    `user ${JSON.stringify(user.username)} (groups=${quotedList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n` +
      rights.join('\n') +
      (held.error === '' ? '' : `; resolution errors: [${held.error.replace(/^\[|\]$/g, '')}]`),
  )
}

const OWNERSHIP = new Set(['ownerReferences', 'finalizers', 'resourceVersion', 'managedFields'])

/** The garbage collector has to be able to take finalizers and owners away, whatever rights it has. */
const changesOnlyOwnership = (object: StoredObject, old: StoredObject): boolean =>
  isDeepStrictEqual(withoutOwnership(object), withoutOwnership(old))

function withoutOwnership({ metadata, ...rest }: StoredObject): object {
  return { ...rest, metadata: Object.entries(metadata).filter(([field]) => !OWNERSHIP.has(field)) }
}
