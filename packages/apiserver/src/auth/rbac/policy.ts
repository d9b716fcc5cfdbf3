/** Which rules apply to a user: bindings and roles as they are stored now. */
import type { ReadableStorage, ResourceKey, StoredObject, UserInfo } from '../../registry/definition.ts'
import type { LabelSelector } from '../../selectors/label-selector.ts'
import { notFound } from '../../status/failures.ts'
import { serviceAccountUsername } from '../users.ts'
import type { PolicyRule } from './rules.ts'

export const RBAC_GROUP = 'rbac.authorization.k8s.io'
export const ROLES: ResourceKey = { group: RBAC_GROUP, plural: 'roles' }
export const CLUSTER_ROLES: ResourceKey = { group: RBAC_GROUP, plural: 'clusterroles' }
export const ROLE_BINDINGS: ResourceKey = { group: RBAC_GROUP, plural: 'rolebindings' }
export const CLUSTER_ROLE_BINDINGS: ResourceKey = { group: RBAC_GROUP, plural: 'clusterrolebindings' }

export interface RoleRef {
  readonly apiGroup: string
  readonly kind: string
  readonly name: string
}

export interface Subject {
  readonly kind: string
  readonly apiGroup?: string
  readonly name: string
  readonly namespace?: string
}

export interface AggregationRule {
  readonly clusterRoleSelectors?: readonly LabelSelector[]
}

/** Role or ClusterRole. */
export interface Role extends StoredObject {
  rules?: readonly PolicyRule[]
  aggregationRule?: AggregationRule
}

/** RoleBinding or ClusterRoleBinding. */
export interface Binding extends StoredObject {
  roleRef: RoleRef
  subjects?: readonly Subject[]
}

/** A binding that makes rules apply to a user; without rules if its role does not exist. */
export interface Grant {
  readonly binding: Binding
  readonly subject: Subject
  readonly rules: readonly PolicyRule[] | undefined
}

/**
 * The grants of a user, cluster-wide ones first, then those of the namespace (none if it is empty).
 * Lazy: most requests are decided by the first few.
 */
export function* grantsOf(storage: ReadableStorage, user: UserInfo, namespace: string): Generator<Grant> {
  yield* grantsFrom(storage, user, storage.list(CLUSTER_ROLE_BINDINGS), '')
  if (namespace !== '') yield* grantsFrom(storage, user, storage.list(ROLE_BINDINGS, namespace), namespace)
}

function* grantsFrom(
  storage: ReadableStorage,
  user: UserInfo,
  bindings: readonly StoredObject[],
  namespace: string,
): Generator<Grant> {
  for (const binding of bindings as readonly Binding[]) {
    const subject = binding.subjects?.find(candidate => isSubject(user, candidate, namespace))
    if (subject === undefined) continue
    const role = findRole(storage, binding.roleRef, namespace)
    yield { binding, subject, rules: role === undefined ? undefined : (role.rules ?? []) }
  }
}

/** ServiceAccounts without namespace are those of the binding's. */
function isSubject(user: UserInfo, subject: Subject, bindingNamespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return user.username === subject.name
    case 'Group':
      return user.groups.includes(subject.name)
    case 'ServiceAccount': {
      const namespace = subject.namespace || bindingNamespace
      return namespace !== '' && user.username === serviceAccountUsername(namespace, subject.name)
    }
    default:
      return false
  }
}

function findRole(storage: ReadableStorage, ref: RoleRef, namespace: string): Role | undefined {
  if (ref.kind === 'ClusterRole') return storage.get(CLUSTER_ROLES, undefined, ref.name) as Role | undefined
  if (ref.kind === 'Role') return storage.get(ROLES, namespace, ref.name) as Role | undefined
  return undefined
}

/** Rules of the role that a binding refers to. Throws 404 if there is no such role. */
export function rulesOfRole(
  storage: ReadableStorage,
  ref: RoleRef,
  namespace: string,
): readonly PolicyRule[] {
  const role = findRole(storage, ref, namespace)
  if (role === undefined) throw notFound(ref.kind === 'Role' ? ROLES : CLUSTER_ROLES, ref.name)
  return role.rules ?? []
}

/** What is wrong with grants whose role does not exist, in kube-apiserver's words; empty if none. */
export function brokenGrants(grants: Iterable<Grant>): string {
  const texts = new Set<string>()
  for (const { binding, rules } of grants) {
    if (rules === undefined) {
      texts.add(`${binding.roleRef.kind.toLowerCase()}.${RBAC_GROUP} "${binding.roleRef.name}" not found`)
    }
  }
  return texts.size <= 1 ? [...texts].join('') : `[${[...texts].join(', ')}]`
}

/** `ClusterRoleBinding "a" of ClusterRole "b" to Group "c"`: why something is allowed. */
export function describeGrant({ binding, subject }: Grant): string {
  const { kind, metadata, roleRef } = binding
  const name = metadata.namespace ? `${metadata.name}/${metadata.namespace}` : metadata.name
  const namespace = subject.namespace || metadata.namespace || ''
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${namespace}` : subject.name
  return `${kind} "${name}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${who}"`
}
