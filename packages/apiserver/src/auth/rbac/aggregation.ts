/** ClusterRoles that take in the rules of others, by label: `admin`, `edit` and `view`, and users' own. */
import { isDeepStrictEqual } from 'node:util'
import { matchesLabelSelector } from '../../selectors/label-selector.ts'
import type { Storage } from '../../storage/storage.ts'
import { CLUSTER_ROLES, type Role } from './policy.ts'
import type { PolicyRule } from './rules.ts'

/**
 * The rules that a role with an aggregationRule should have: each rule once, by selector, then by name.
 * What it takes in may itself take in others, even itself: its rules are those of all roles reached that
 * have rules of their own.
 */
export function aggregatedRules(role: Role, all: readonly Role[]): PolicyRule[] {
  const found: PolicyRule[] = []
  const visited = new Set([role])
  const takeIn = ({ aggregationRule }: Role): void => {
    for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
      for (const other of all) {
        if (visited.has(other) || !matchesLabelSelector(selector, other.metadata.labels)) continue
        visited.add(other)
        if (isAggregating(other)) takeIn(other)
        else found.push(...(other.rules ?? []).filter(rule => !found.some(f => isDeepStrictEqual(f, rule))))
      }
    }
  }
  takeIn(role)
  return found
}

const isAggregating = (role: Role): boolean => (role.aggregationRule?.clusterRoleSelectors ?? []).length > 0

/**
 * Keeps the rules of aggregating ClusterRoles up to date for as long as the storage lives: right after a
 * write to any ClusterRole, before anybody else's turn.
 */
export function keepAggregated(storage: Storage): void {
  let scheduled = false
  // A listener must not write; a microtask is after the write and before the next request.
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      writeAggregated(storage)
    })
  }
  const follow = () => {
    storage.subscribe(CLUSTER_ROLES, schedule)
    schedule()
  }
  // A restored storage has forgotten who listens.
  storage.onRestore(follow)
  follow()
}

function writeAggregated(storage: Storage): void {
  const roles = storage.list(CLUSTER_ROLES) as readonly Role[]
  for (const role of roles.filter(isAggregating)) {
    const rules = aggregatedRules(role, roles)
    if (isDeepStrictEqual(role.rules ?? [], rules)) continue
    const next = { ...role, metadata: { ...role.metadata }, rules }
    storage.update(CLUSTER_ROLES, next, role.metadata.resourceVersion)
  }
}
