import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiServer } from '../api-server.ts'
import type { LocalApi, LocalObject } from '../rest/local-api.ts'
import { StatusError } from '../status/status.ts'
import { POLICIES, POLICY_BINDINGS } from './policy.ts'

const CONFIG_MAPS = { group: '', plural: 'configmaps' }
const NAMESPACES = { group: '', plural: 'namespaces' }
const AGENT = { username: 'system:serviceaccount:default:agent', groups: ['system:serviceaccounts'] }
const OURS = { 'app.kubernetes.io/managed-by': 'isthmus.dev' }
const RULES = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }]

function configMap(name: string, labels?: Record<string, string>): LocalObject {
  return { metadata: { namespace: 'default', name, ...(labels && { labels }) } }
}

/** A server on which one policy is bound. `validations` and what else the policy says. */
function serverWith(spec: Record<string, unknown>, binding: Record<string, unknown> = {}): LocalApi {
  const { local } = new ApiServer()
  bind(local, 'p', spec, binding)
  return local
}

function bind(local: LocalApi, name: string, spec: Record<string, unknown>, binding = {}): void {
  local.create(POLICIES, {
    metadata: { name },
    spec: { matchConstraints: { resourceRules: RULES }, ...spec },
  })
  const spec2 = { policyName: name, validationActions: ['Deny'], ...binding }
  local.create(POLICY_BINDINGS, { metadata: { name: `${name}-b` }, spec: spec2 })
}

function refusal(act: () => unknown): StatusError['status'] {
  try {
    act()
  } catch (error) {
    if (error instanceof StatusError) return error.status
    throw error
  }
  assert.fail('it was not refused')
}

/** Only objects that bear our label, whoever else changes what. Answers recorded from kube-apiserver 1.36. */
const ONLY_OURS = {
  matchConditions: [{ name: 'agent', expression: `request.userInfo.username == '${AGENT.username}'` }],
  variables: [{ name: 'label', expression: "'app.kubernetes.io/managed-by'" }],
  validations: [
    {
      expression:
        "object == null || (has(object.metadata.labels) && variables.label in object.metadata.labels && object.metadata.labels[variables.label] == 'isthmus.dev')",
      message: 'not ours',
    },
    {
      expression:
        "oldObject == null || (has(oldObject.metadata.labels) && variables.label in oldObject.metadata.labels && oldObject.metadata.labels[variables.label] == 'isthmus.dev')",
      messageExpression: "'was not ours: ' + string(request.name)",
      reason: 'Forbidden',
    },
  ],
}
const SAYS = "ValidatingAdmissionPolicy 'p' with binding 'p-b' denied request: "

describe('a ValidatingAdmissionPolicy', () => {
  const local = serverWith(ONLY_OURS)
  const agent = local.as({ user: AGENT })
  local.create(CONFIG_MAPS, configMap('theirs'))
  agent.create(CONFIG_MAPS, configMap('mine', OURS))

  it('denies a creation, as 422 unless the rule says otherwise', () => {
    assert.deepEqual(
      refusal(() => agent.create(CONFIG_MAPS, configMap('x'))),
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `configmaps "x" is forbidden: ${SAYS}not ours`,
        reason: 'Invalid',
        details: { name: 'x', kind: 'configmaps', causes: [{ message: `${SAYS}not ours` }] },
        code: 422,
      },
    )
  })

  it('sees what was there before: nothing is taken over, nothing of others deleted', () => {
    const taken = refusal(() => agent.update(CONFIG_MAPS, configMap('theirs', OURS)))
    const deleted = refusal(() => agent.delete(CONFIG_MAPS, 'default', 'theirs'))
    for (const { code, reason, message } of [taken, deleted])
      assert.deepEqual(
        [code, reason, message],
        [403, 'Forbidden', `configmaps "theirs" is forbidden: ${SAYS}was not ours: theirs`],
      )
  })

  it('lets pass what it allows, and those whom it is not about', () => {
    agent.patch(CONFIG_MAPS, 'default', 'mine', { data: { a: 'b' } })
    local.patch(CONFIG_MAPS, 'default', 'theirs', { data: { a: 'b' } })
    agent.delete(CONFIG_MAPS, 'default', 'mine')
    assert.equal(agent.get(CONFIG_MAPS, 'default', 'mine'), undefined)
  })

  it('comes after validation and preconditions, and before the name is looked up; a change of nothing is judged too', () => {
    assert.equal(refusal(() => agent.create(CONFIG_MAPS, configMap('Bad_Name'))).reason, 'Invalid')
    assert.match(refusal(() => agent.create(CONFIG_MAPS, configMap('theirs'))).message ?? '', /not ours/)
    const stale = { metadata: { ...configMap('theirs').metadata, resourceVersion: '1' } }
    assert.equal(refusal(() => agent.update(CONFIG_MAPS, stale)).reason, 'Conflict')
    assert.match(refusal(() => agent.patch(CONFIG_MAPS, 'default', 'theirs', {})).message ?? '', /not ours/)
    assert.equal(refusal(() => agent.delete(CONFIG_MAPS, 'default', 'none')).reason, 'NotFound')
  })
})

/** What an object named `x` is told by a policy that has this. */
const TOLD: [what: string, spec: Record<string, unknown>, code: number, message: string | RegExp][] = [
  [
    'the expression where there is no message',
    { validations: [{ expression: ' false ' }] },
    422,
    'failed expression: false',
  ],
  [
    'the first of several',
    {
      validations: [
        { expression: 'true' },
        { expression: 'false', message: 'a' },
        { expression: 'false', message: 'b' },
      ],
    },
    422,
    'a',
  ],
  [
    'its reason',
    { validations: [{ expression: 'false', reason: 'RequestEntityTooLarge' }] },
    413,
    'failed expression: false',
  ],
  [
    'an error, which is a denial',
    { validations: [{ expression: 'object.data.foo == "x"' }] },
    422,
    `expression 'object.data.foo == "x"' resulted in error: no such key: data`,
  ],
  [
    'an error of a condition',
    {
      matchConditions: [{ name: 'm', expression: 'object.data.zz == ""' }],
      validations: [{ expression: 'true' }],
    },
    422,
    `expression 'object.data.zz == ""' resulted in error: no such key: data`,
  ],
  [
    'an error of a variable that is used',
    {
      variables: [
        { name: 'a', expression: 'object.data.zz' },
        { name: 'b', expression: 'variables.a + "x"' },
      ],
      validations: [{ expression: 'variables.b == "x"' }],
    },
    422,
    'expression \'variables.b == "x"\' resulted in error: composited variable "b" fails to evaluate: composited variable "a" fails to evaluate: no such key: data',
  ],
  [
    'the message where its expression fails',
    {
      validations: [
        { expression: 'false', messageExpression: 'string(object.data.foo)', message: 'fallback' },
      ],
    },
    422,
    'fallback',
  ],
  [
    'a message in one line that is not blank',
    { validations: [{ expression: 'false', messageExpression: '"  "' }] },
    422,
    'failed expression: false',
  ],
  [
    'what the request is',
    {
      validations: [
        {
          expression: 'false',
          messageExpression:
            'request.operation + " " + request.resource.resource + " " + request.kind.kind + " " + request.namespace + " " + string(request.dryRun) + string(has(request.subResource)) + " " + namespaceObject.metadata.name + string(oldObject == null)',
        },
      ],
    },
    422,
    'CREATE configmaps ConfigMap default falsefalse defaulttrue',
  ],
]

describe('a denial tells', () => {
  for (const [what, spec, code, message] of TOLD) {
    it(what, () => {
      const status = refusal(() => serverWith(spec).create(CONFIG_MAPS, configMap('x')))
      assert.deepEqual(
        [status.code, status.message],
        [code, `configmaps "x" is forbidden: ${SAYS}${message}`],
      )
    })
  }
})

/** Policies under which the object can be made. */
const PASSED: [what: string, spec: Record<string, unknown>, binding?: Record<string, unknown>][] = [
  [
    'an error, where failures are ignored',
    { failurePolicy: 'Ignore', validations: [{ expression: 'object.data.foo == "x"' }] },
  ],
  [
    'a condition that does not hold',
    { matchConditions: [{ name: 'm', expression: 'false' }], validations: [{ expression: 'false' }] },
  ],
  [
    'labels that are not selected',
    { validations: [{ expression: 'false' }] },
    { matchResources: { objectSelector: { matchLabels: { a: 'b' } } } },
  ],
  [
    'a namespace that is not selected',
    { validations: [{ expression: 'false' }] },
    { matchResources: { namespaceSelector: { matchLabels: { a: 'b' } } } },
  ],
  [
    'rules of the binding',
    { validations: [{ expression: 'false' }] },
    { matchResources: { resourceRules: [{ ...RULES[0], operations: ['DELETE'] }] } },
  ],
  ['an audit', { validations: [{ expression: 'false' }] }, { validationActions: ['Audit'] }],
  ['a binding of another policy', { validations: [{ expression: 'false' }] }, { policyName: 'none' }],
  [
    'a variable that fails and is not used',
    { variables: [{ name: 'a', expression: 'object.data.zz' }], validations: [{ expression: 'true' }] },
  ],
]

describe('nothing is denied by', () => {
  for (const [what, spec, binding] of PASSED)
    it(what, () => {
      serverWith(spec, binding).create(CONFIG_MAPS, configMap('x'))
    })

  it('a policy that is gone', () => {
    const local = serverWith({ validations: [{ expression: 'false' }] })
    local.delete(POLICIES, undefined, 'p')
    local.create(CONFIG_MAPS, configMap('x'))
  })
})

it('a policy that only warns is a Warning header', async () => {
  const server = new ApiServer()
  bind(
    server.local,
    'warn',
    { validations: [{ expression: 'false', message: 'careful' }] },
    { validationActions: ['Warn'] },
  )
  const { url } = await server.listen()
  try {
    const response = await fetch(`${url}/api/v1/namespaces/default/configmaps`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'w' } }),
    })
    assert.equal(response.status, 201)
    assert.equal(
      response.headers.get('warning'),
      `299 - "Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'warn-b': careful"`,
    )
  } finally {
    await server.close()
  }
})

it('namespaces are selected by their own labels, and subresources have to be asked for', () => {
  const { local } = new ApiServer()
  const matchConstraints = {
    namespaceSelector: { matchLabels: { x: 'y' } },
    resourceRules: [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['namespaces'] },
    ],
  }
  bind(local, 'p', { matchConstraints, validations: [{ expression: 'false' }] })
  local.create(NAMESPACES, { metadata: { name: 'n1' } })
  assert.equal(
    refusal(() => local.create(NAMESPACES, { metadata: { name: 'n2', labels: { x: 'y' } } })).code,
    422,
  )
  const services = { group: '', plural: 'services' }
  const status = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['*/status'] }]
  const messageExpression = 'request.resource.resource + " " + request.subResource'
  bind(local, 'q', {
    matchConstraints: { resourceRules: status },
    validations: [{ expression: 'false', messageExpression }],
  })
  local.create(services, { metadata: { name: 's' }, spec: { ports: [{ port: 1 }] } })
  local.patch(services, 'default', 's', { metadata: { labels: { a: 'b' } } })
  const patch = () =>
    local.patch(services, 'default', 's', { status: { loadBalancer: {} } }, { subresource: 'status' })
  assert.match(refusal(patch).message ?? '', /denied request: services status$/)
})

const BAD: [what: string, key: typeof POLICIES, spec: Record<string, unknown>, fields: readonly string[]][] =
  [
    ['nothing', POLICIES, {}, ['spec.matchConstraints', 'spec.validations', 'spec.auditAnnotations']],
    [
      'a rule without anything',
      POLICIES,
      {
        matchConstraints: { resourceRules: [{ apiVersions: [''], operations: ['FOO'], scope: 'X' }] },
        validations: [{ expression: 'true' }],
      },
      ['operations[0]', 'apiGroups', 'apiVersions[0]', 'resources', 'scope'].map(
        field => `spec.matchConstraints.resourceRules[0].${field}`,
      ),
    ],
    [
      'what is no expression',
      POLICIES,
      {
        matchConstraints: { resourceRules: RULES },
        validations: [{ expression: 'object.x ==' }, { expression: ' ' }],
      },
      ['spec.validations[0].expression', 'spec.validations[1].expression'],
    ],
    [
      'names that are none',
      POLICIES,
      {
        failurePolicy: 'X',
        matchConstraints: { resourceRules: RULES },
        variables: [{ name: '1a', expression: 'true' }],
        matchConditions: [{ name: 'x y', expression: 'true' }],
        validations: [{ expression: 'true', reason: 'Foo', message: 'a\nb' }],
      },
      [
        'spec.failurePolicy',
        'spec.matchConditions[0].name',
        'spec.variables[0].name',
        'spec.validations[0].message',
        'spec.validations[0].reason',
      ],
    ],
    ['an empty binding', POLICY_BINDINGS, {}, ['spec.policyName', 'spec.validationActions']],
    [
      'Deny with Warn',
      POLICY_BINDINGS,
      { policyName: 'x', validationActions: ['Deny', 'Warn'] },
      ['spec.validationActions'],
    ],
  ]

describe('a policy is refused for', () => {
  for (const [what, key, spec, fields] of BAD)
    it(what, () => {
      const { local } = new ApiServer()
      const { code, details } = refusal(() => local.create(key, { metadata: { name: 'e' }, spec }))
      assert.deepEqual([code, details?.causes?.map(({ field }) => field)], [422, fields])
    })
})
