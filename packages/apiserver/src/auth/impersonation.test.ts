import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserInfo } from '../registry/definition.ts'
import { StatusError } from '../status/status.ts'
import { requestAttributes } from './attributes.ts'
import type { Authorizer } from './authorizer.ts'
import { impersonate, wantedUser } from './impersonation.ts'
import { type PolicyRule, ruleAllows } from './rbac/rules.ts'

const bob: UserInfo = { username: 'bob', groups: ['system:authenticated'] }
const onNode: UserInfo = {
  username: 'system:serviceaccount:kube-system:cni',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
}
const listPods = requestAttributes('GET', '/api/v1/namespaces/a/pods')

const withRules = (...rules: PolicyRule[]): Authorizer => ({
  authorize: (_, attributes) => ({ allowed: rules.some(rule => ruleAllows(rule, attributes)), reason: '' }),
  rulesFor: () => ({ rules, error: '' }),
})
const broad: PolicyRule = {
  verbs: ['impersonate'],
  apiGroups: ['', 'authentication.k8s.io'],
  resources: ['users', 'groups', 'serviceaccounts', 'uids', 'userextras/scopes'],
}
const narrow = (mode: string, resource: string, on: string[] = ['list']): PolicyRule[] => [
  { verbs: [`impersonate:${mode}`], apiGroups: ['authentication.k8s.io'], resources: [resource] },
  { verbs: on.map(verb => `impersonate-on:${mode}:${verb}`), apiGroups: [''], resources: ['pods'] },
]

type Scenario = {
  what: string
  headers: Record<string, string | string[]>
  requestor?: UserInfo
  rules: PolicyRule[]
  user?: UserInfo
  /** What the refusal says. */
  refused?: RegExp
}

const scenarios: Scenario[] = [
  {
    what: 'the broad verb gives name, groups, uid and extra',
    headers: {
      'Impersonate-User': 'alice',
      'Impersonate-Group': ['dev', 'a, b'],
      'Impersonate-Uid': '42',
      'Impersonate-Extra-Scopes': 'view',
    },
    rules: [broad],
    user: {
      username: 'alice',
      uid: '42',
      groups: ['dev', 'a, b', 'system:authenticated'],
      extra: { scopes: ['view'] },
    },
  },
  {
    what: 'a ServiceAccount comes with its groups',
    headers: { 'impersonate-user': 'system:serviceaccount:a:u' },
    rules: [broad],
    user: {
      username: 'system:serviceaccount:a:u',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
    },
  },
  {
    what: 'nobody is nobody',
    headers: { 'impersonate-user': 'system:anonymous' },
    rules: [broad],
    user: { username: 'system:anonymous', groups: ['system:unauthenticated'] },
  },
  {
    what: 'a right on one name does not reach to another',
    headers: { 'impersonate-user': 'carol' },
    rules: [{ ...broad, resourceNames: ['alice'] }],
    refused:
      /User "bob" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "a"$/,
  },
  {
    what: 'a constrained right holds for its verb',
    headers: { 'impersonate-user': 'alice' },
    rules: narrow('user-info', 'users'),
    user: { username: 'alice', groups: ['system:authenticated'] },
  },
  {
    what: 'a constrained right does not hold for another verb',
    headers: { 'impersonate-user': 'alice' },
    rules: narrow('user-info', 'users', ['get']),
    refused: /impersonate-on:user-info:list/,
  },
  {
    what: 'a constrained right never makes an administrator',
    headers: { 'impersonate-user': 'alice', 'impersonate-group': 'system:masters' },
    rules: [
      ...narrow('user-info', 'users'),
      { verbs: ['impersonate:user-info'], apiGroups: ['*'], resources: ['*'] },
    ],
    refused: /groups.*: impersonating the system:masters group is not allowed$/,
  },
  {
    what: 'an agent may be the node that it runs on',
    headers: { 'impersonate-user': 'system:node:n1' },
    requestor: onNode,
    rules: narrow('associated-node', 'nodes'),
    user: { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
  },
  {
    what: 'an agent may not be another node',
    headers: { 'impersonate-user': 'system:node:n2' },
    requestor: onNode,
    rules: narrow('associated-node', 'nodes'),
    refused: /impersonate-on:arbitrary-node:list/,
  },
]

const raw = (headers: Scenario['headers']): string[] =>
  Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap(value => [name, value]))

for (const { what, headers, requestor = bob, rules, user, refused } of scenarios) {
  test(`impersonation: ${what}`, () => {
    const wanted = wantedUser(raw(headers))
    assert.ok(wanted)
    const attempt = () => impersonate(requestor, wanted, listPods, withRules(...rules))
    if (user) assert.deepEqual(attempt(), user)
    else
      assert.throws(
        attempt,
        (e: unknown) => e instanceof StatusError && e.code === 403 && !!refused?.test(e.message),
      )
  })
}

test('without the headers nobody is impersonated', () => {
  assert.equal(wantedUser(['Accept', 'application/json']), undefined)
})

test('groups without a user are a bad request', () => {
  assert.throws(
    () => wantedUser(['Impersonate-Group', 'dev', 'Impersonate-Extra-acme.com%2Fx', '1']),
    new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string{"acme.com/x":[]string{"1"}}} without impersonating a user name',
      reason: 'BadRequest',
      code: 400,
    }),
  )
})
