import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import type { ResourceKey, StoredObject, UserInfo } from '../../registry/definition.ts'
import { StatusError } from '../../status/status.ts'
import { Storage } from '../../storage/storage.ts'
import { forbiddenError, requestAttributes } from '../attributes.ts'
import { type Authorizer, rbacAuthorizer } from '../authorizer.ts'
import { keepAggregated } from './aggregation.ts'
import { bootstrapRoles } from './bootstrap.ts'
import { checkBinding, checkRole } from './escalation.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, type Subject } from './policy.ts'
import type { PolicyRule } from './rules.ts'

const user = (username: string, ...groups: string[]): UserInfo => ({
  username,
  groups: [...groups, 'system:authenticated'],
})
const alice = user('alice')
const account = user('system:serviceaccount:a:u', 'system:serviceaccounts', 'system:serviceaccounts:a')

suite('RBAC', () => {
  let storage: Storage
  let rbac: Authorizer

  beforeEach(() => {
    storage = new Storage()
    bootstrapRoles(storage, new Date(0))
    rbac = rbacAuthorizer(storage)
  })

  const object = (
    kind: string,
    name: string,
    namespace: string | undefined,
    content: object,
  ): StoredObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: {
      name,
      uid: `${kind}-${name}`,
      resourceVersion: '',
      creationTimestamp: '',
      ...(namespace && { namespace }),
    },
    ...content,
  })
  const put = (key: ResourceKey, created: StoredObject) => storage.create(key, created)
  const role = (namespace: string, name: string, ...rules: PolicyRule[]) =>
    put(ROLES, object('Role', name, namespace, { rules }))
  const bind = (namespace: string, kind: 'Role' | 'ClusterRole', name: string, ...subjects: Subject[]) =>
    put(ROLE_BINDINGS, object('RoleBinding', `${name}-binding`, namespace, ref(kind, name, subjects)))
  const bindEverywhere = (name: string, ...subjects: Subject[]) =>
    put(
      CLUSTER_ROLE_BINDINGS,
      object('ClusterRoleBinding', `${name}-everywhere`, undefined, ref('ClusterRole', name, subjects)),
    )
  const ref = (kind: string, name: string, subjects: Subject[]) => ({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects,
  })
  const can = (who: UserInfo, line: string) => {
    const [method = '', path = ''] = line.split(' ')
    return rbac.authorize(who, requestAttributes(method, path))
  }
  const isAllowed = (who: UserInfo, line: string) =>
    assert.ok(can(who, line).allowed, `${who.username} ${line}`)
  const isRefused = (who: UserInfo, line: string) =>
    assert.ok(!can(who, line).allowed, `${who.username} ${line}`)
  const reads: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] }

  test('a Role holds in its namespace, for users, groups and ServiceAccounts', () => {
    role('a', 'reader', reads)
    bind(
      'a',
      'Role',
      'reader',
      { kind: 'User', name: 'alice' },
      { kind: 'Group', name: 'dev' },
      { kind: 'ServiceAccount', name: 'u' },
    )
    for (const who of [alice, user('bob', 'dev'), account]) {
      isAllowed(who, 'GET /api/v1/namespaces/a/configmaps')
      isRefused(who, 'GET /api/v1/namespaces/b/configmaps')
      isRefused(who, 'GET /api/v1/configmaps')
      isRefused(who, 'DELETE /api/v1/namespaces/a/configmaps/x')
    }
    isRefused(user('dev'), 'GET /api/v1/namespaces/a/configmaps')
    assert.equal(
      can(account, 'GET /api/v1/namespaces/a/configmaps').reason,
      'RBAC: allowed by RoleBinding "reader-binding/a" of Role "reader" to ServiceAccount "u/a"',
    )
  })

  test('a ClusterRole holds where it is bound', () => {
    bind('a', 'ClusterRole', 'view', { kind: 'User', name: 'alice' })
    bindEverywhere('cluster-admin', { kind: 'ServiceAccount', name: 'u', namespace: 'a' })
    isAllowed(account, 'DELETE /api/v1/namespaces/b/secrets/x')
    isAllowed(account, 'GET /metrics')
    isRefused(alice, 'GET /api/v1/namespaces/b/configmaps')
  })

  test('rights end with binding or role, and a missing role is told', () => {
    const reader = role('a', 'reader', reads)
    bind('a', 'Role', 'reader', { kind: 'User', name: 'alice' })
    isAllowed(alice, 'GET /api/v1/namespaces/a/configmaps')
    storage.delete(ROLES, 'a', 'reader', reader.metadata.resourceVersion)
    assert.deepEqual(can(alice, 'GET /api/v1/namespaces/a/configmaps'), {
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "reader" not found',
    })
  })

  test('everybody may discover, nobody may look further', () => {
    const anonymous: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }
    for (const path of ['/version', '/healthz', '/readyz']) isAllowed(anonymous, `GET ${path}`)
    for (const path of ['/api', '/apis/apps/v1', '/metrics']) isRefused(anonymous, `GET ${path}`)
    for (const path of ['/api', '/apis/apps/v1', '/openapi/v3']) isAllowed(alice, `GET ${path}`)
    isAllowed(alice, 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews')
    isRefused(alice, 'POST /apis/authorization.k8s.io/v1/subjectaccessreviews')
    isAllowed(user('root', 'system:masters'), 'DELETE /api/v1/nodes')
  })

  test('admin, edit and view take in what is labelled for them', async () => {
    keepAggregated(storage)
    await null
    bind('a', 'ClusterRole', 'edit', { kind: 'User', name: 'alice' })
    isAllowed(alice, 'PUT /apis/apps/v1/namespaces/a/deployments/x')
    isAllowed(alice, 'GET /api/v1/namespaces/a/services')
    isRefused(alice, 'POST /apis/rbac.authorization.k8s.io/v1/namespaces/a/roles')
    isRefused(alice, 'GET /apis/multicluster.x-k8s.io/v1beta1/namespaces/a/serviceexports')

    const extra = object('ClusterRole', 'mcs-view', undefined, {
      rules: [{ verbs: ['get', 'list'], apiGroups: ['multicluster.x-k8s.io'], resources: ['*'] }],
    })
    extra.metadata.labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }
    put(CLUSTER_ROLES, extra)
    await null
    isAllowed(alice, 'GET /apis/multicluster.x-k8s.io/v1beta1/namespaces/a/serviceexports')
  })

  test('roles that take in each other come to rest', async () => {
    for (const [name, from] of [
      ['x', 'y'],
      ['y', 'z'],
      ['z', 'x'],
    ] as const) {
      const aggregating = object('ClusterRole', name, undefined, {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { into: from } }] },
        rules: [{ verbs: [name], apiGroups: [''], resources: ['pods'] }],
      })
      aggregating.metadata.labels = { into: name }
      put(CLUSTER_ROLES, aggregating)
    }
    keepAggregated(storage)
    await new Promise(setImmediate)
    const settled = storage.revision
    await new Promise(setImmediate)
    assert.equal(storage.revision, settled)
  })

  test('what is there is not made again', () => {
    const before = storage.revision
    bootstrapRoles(storage, new Date(1))
    assert.equal(storage.revision, before)
  })

  suite('nobody gives away what they do not have', () => {
    const refuses = (attempt: () => void, text: RegExp, code = 403) =>
      assert.throws(
        attempt,
        (e: unknown) => e instanceof StatusError && e.code === code && text.test(e.message),
      )
    const context = (who: UserInfo) => ({ user: who, storage, authorizer: rbac })
    const wide: PolicyRule = { verbs: ['get', 'list', 'delete'], apiGroups: [''], resources: ['configmaps'] }
    const newRole = object('Role', 'new', 'a', { rules: [wide] })
    const newBinding = object(
      'RoleBinding',
      'new',
      'a',
      ref('Role', 'wide', [{ kind: 'User', name: 'alice' }]),
    )

    beforeEach(() => {
      role('a', 'reader', reads)
      role('a', 'wide', wide)
      bind('a', 'Role', 'reader', { kind: 'User', name: 'alice' })
    })
    const allow = (verb: string, resource: string, ...resourceNames: string[]) => {
      role('a', verb, {
        verbs: [verb],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: [resource],
        resourceNames,
      })
      bind('a', 'Role', verb, { kind: 'User', name: 'alice' })
    }

    test('in a role', () => {
      checkRole(object('Role', 'same', 'a', { rules: [reads] }), undefined, context(alice))
      refuses(
        () => checkRole(newRole, undefined, context(alice)),
        /^roles\.rbac\.authorization\.k8s\.io "new" is forbidden: user "alice" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["configmaps"\], Verbs:\["delete"\]\}$/,
      )
      allow('escalate', 'roles')
      checkRole(newRole, undefined, context(alice))
    })

    test('in a binding', () => {
      refuses(() => checkBinding(newBinding, undefined, context(alice)), /^rolebindings.*Verbs:\["delete"\]/s)
      allow('bind', 'roles', 'wide')
      checkBinding(newBinding, undefined, context(alice))
    })

    test('by a role that does not exist yet', () => {
      const dangling = object('RoleBinding', 'new', 'a', ref('Role', 'later', []))
      refuses(() => checkBinding(dangling, undefined, context(alice)), /roles\.rbac.*"later" not found/, 404)
    })

    test('by a role that takes in others', () => {
      const aggregating = object('ClusterRole', 'all', undefined, {
        rules: [],
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
      })
      refuses(() => checkRole(aggregating, undefined, context(alice)), /must have cluster-admin privileges/)
      bindEverywhere('cluster-admin', { kind: 'User', name: 'alice' })
      checkRole(aggregating, undefined, context(alice))
    })

    test('but the garbage collector may take away finalizers', () => {
      const old = object('Role', 'wide', 'a', { rules: [wide] })
      const next = structuredClone(old)
      old.metadata.finalizers = ['x/y']
      checkRole(next, old, context(alice))
    })
  })

  test('a user name cannot bring markup into an answer', () => {
    const error = forbiddenError(user('<b>'), requestAttributes('GET', '/metrics'))
    assert.equal(error.message, 'forbidden: User "&lt;b&gt;" cannot get path "/metrics"')
  })
})
