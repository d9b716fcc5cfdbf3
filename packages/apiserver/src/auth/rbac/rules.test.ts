import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Attributes, requestAttributes } from '../attributes.ts'
import { describeRule, EVERYTHING, joinVerbs, missingRights, type PolicyRule, ruleAllows } from './rules.ts'

const scenarios: { what: string; rule: PolicyRule; allows: string[]; refuses: string[] }[] = [
  {
    what: 'verbs, groups and resources',
    rule: { verbs: ['get', 'list'], apiGroups: ['', 'apps'], resources: ['pods', 'deployments'] },
    allows: [
      'GET /api/v1/namespaces/a/pods',
      'GET /api/v1/namespaces/a/pods/x',
      'GET /apis/apps/v1/deployments',
    ],
    refuses: [
      'DELETE /api/v1/namespaces/a/pods/x',
      'GET /api/v1/namespaces/a/pods?watch=true',
      'GET /api/v1/namespaces/a/pods/x/log',
      'GET /apis/batch/v1/namespaces/a/pods',
      'GET /api/v1/namespaces/a/secrets',
      'GET /version',
    ],
  },
  {
    what: 'a subresource alone',
    rule: { verbs: ['*'], apiGroups: [''], resources: ['pods/log'] },
    allows: ['GET /api/v1/namespaces/a/pods/x/log'],
    refuses: ['GET /api/v1/namespaces/a/pods/x', 'GET /api/v1/namespaces/a/pods/x/status'],
  },
  {
    what: 'a subresource of everything',
    rule: { verbs: ['patch'], apiGroups: ['*'], resources: ['*/status'] },
    allows: [
      'PATCH /api/v1/namespaces/a/services/x/status',
      'PATCH /apis/apps/v1/namespaces/a/deployments/x/status',
    ],
    refuses: [
      'PATCH /api/v1/namespaces/a/services/x',
      'PATCH /apis/apps/v1/namespaces/a/deployments/x/scale',
    ],
  },
  {
    what: 'names',
    rule: { verbs: ['*'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['a', 'b'] },
    allows: [
      'GET /api/v1/namespaces/n/configmaps/a',
      'PUT /api/v1/namespaces/n/configmaps/b',
      'GET /api/v1/namespaces/n/configmaps?fieldSelector=metadata.name%3Da&watch=1',
    ],
    refuses: [
      'GET /api/v1/namespaces/n/configmaps/c',
      'GET /api/v1/namespaces/n/configmaps',
      'POST /api/v1/namespaces/n/configmaps',
      'DELETE /api/v1/namespaces/n/configmaps',
    ],
  },
  {
    what: 'paths',
    rule: { verbs: ['get'], nonResourceURLs: ['/version', '/healthz/*', '/api'] },
    allows: ['GET /version', 'GET /healthz/ping', 'GET /api'],
    refuses: ['GET /healthz', 'GET /api/v1', 'POST /version', 'GET /api/v1/pods', 'GET /versions'],
  },
]

const request = (line: string): Attributes => {
  const [method = '', url = ''] = line.split(' ')
  return requestAttributes(method, url)
}

for (const { what, rule, allows, refuses } of scenarios) {
  test(`a rule allows by ${what}`, () => {
    for (const line of allows) assert.ok(ruleAllows(rule, request(line)), `should allow ${line}`)
    for (const line of refuses) assert.ok(!ruleAllows(rule, request(line)), `should refuse ${line}`)
  })
}

test('cluster-admin may do everything', () => {
  for (const line of scenarios.flatMap(s => [...s.allows, ...s.refuses])) {
    assert.ok(EVERYTHING.some(rule => ruleAllows(rule, request(line))))
  }
})

const subset = (values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record(
    {
      verbs: subset(['get', 'list', 'delete', '*']),
      apiGroups: subset(['', 'apps', '*']),
      resources: subset(['pods', 'pods/status', '*/status', '*']),
      resourceNames: subset(['a', 'b']),
    },
    { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
  ),
  fc.record({ verbs: subset(['get', 'post', '*']), nonResourceURLs: subset(['/a', '/a/*', '/a/b', '*']) }),
)
const anyRequest = fc
  .tuple(
    fc.constantFrom('GET', 'DELETE', 'POST'),
    fc.constantFrom(
      '/a',
      '/a/b',
      '/api/v1/pods',
      '/api/v1/namespaces/n/pods/a',
      '/api/v1/namespaces/n/pods/b/status',
      '/apis/apps/v1/namespaces/n/pods/c/status',
    ),
  )
  .map(parts => request(parts.join(' ')))

test('rights that are not missing are held: no request slips through', () => {
  fc.assert(
    fc.property(fc.array(anyRule), anyRule, anyRequest, (held, wanted, attributes) => {
      fc.pre(missingRights(held, [wanted]).length === 0)
      if (ruleAllows(wanted, attributes)) assert.ok(held.some(rule => ruleAllows(rule, attributes)))
    }),
  )
})

test('whoever holds a rule can give it away, and with it every part of it', () => {
  fc.assert(
    fc.property(anyRule, rule => {
      assert.deepEqual(missingRights([rule], [rule]), [])
      assert.deepEqual(missingRights(EVERYTHING, [rule]), [])
    }),
  )
})

test('missing rights are told by what they are rights on', () => {
  const held: PolicyRule[] = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]
  const wanted: PolicyRule[] = [
    { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'secrets'] },
    { verbs: ['get'], nonResourceURLs: ['/metrics'] },
  ]
  assert.deepEqual(joinVerbs(missingRights(held, wanted)).map(describeRule), [
    '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
    '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}',
    '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
  ])
})
