/** Puts the roles and bindings that every cluster has into a storage that lacks them. */
import { randomUUID } from 'node:crypto'
import type { ResourceKey, StoredObject } from '../../registry/definition.ts'
import type { Storage } from '../../storage/storage.ts'
import { BOOTSTRAP_BINDINGS, BOOTSTRAP_ROLES } from './bootstrap-roles.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, RBAC_GROUP } from './policy.ts'

/** What is there is left alone, whatever somebody made of it. */
export function bootstrapRoles(storage: Storage, now: Date): void {
  for (const role of BOOTSTRAP_ROLES) {
    createMissing(storage, CLUSTER_ROLES, 'ClusterRole', role.name, now, role.label, {
      ...(role.aggregates && {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [role.aggregates]: 'true' } }] },
      }),
      rules: structuredClone(role.rules),
    })
  }
  for (const { role, groups, users = [] } of BOOTSTRAP_BINDINGS) {
    createMissing(storage, CLUSTER_ROLE_BINDINGS, 'ClusterRoleBinding', role, now, undefined, {
      roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
      subjects: [
        ...groups.map(name => ({ apiGroup: RBAC_GROUP, kind: 'Group', name })),
        ...users.map(name => ({ apiGroup: RBAC_GROUP, kind: 'User', name })),
      ],
    })
  }
}

function createMissing(
  storage: Storage,
  key: ResourceKey,
  kind: string,
  name: string,
  now: Date,
  label: string | undefined,
  content: object,
): void {
  if (storage.get(key, undefined, name)) return
  const object: StoredObject = {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind,
    metadata: {
      name,
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: `${now.toISOString().slice(0, 19)}Z`,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...(label && { [label]: 'true' }) },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    },
    ...content,
  }
  storage.create(key, object)
}
