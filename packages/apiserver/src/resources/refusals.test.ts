/** What the recorded transcripts do not show of validation: objects, and what is said of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ApiServer } from '../api-server.ts'
import type { ResourceKey } from '../registry/definition.ts'
import type { LocalObject } from '../rest/local-api.ts'
import { StatusError } from '../status/status.ts'

const { local } = new ApiServer()
const rbac = 'rbac.authorization.k8s.io'
const named = (group: string, plural: string): ResourceKey => ({ group, plural })

const template = (spec: object = {}) => ({
  metadata: { labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const deployment = (spec: object) => ({
  spec: { selector: { matchLabels: { a: 'b' } }, template: template(), ...spec },
})
const rolling = (rollingUpdate: object) => deployment({ strategy: { rollingUpdate } })
const container = (fields: object) => ({ spec: { containers: [{ name: 'c', image: 'i', ...fields }] } })

const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
const at = 'spec.strategy.rollingUpdate'
const dockerConfig = (text: string) => ({
  type: 'kubernetes.io/dockerconfigjson',
  stringData: { '.dockerconfigjson': text },
})

const REFUSED: readonly [ResourceKey, object, string][] = [
  [
    named('apps', 'deployments'),
    rolling({ maxSurge: 0, maxUnavailable: '0%' }),
    `${at}.maxUnavailable: Invalid value: "0%": may not be 0 when \`maxSurge\` is 0`,
  ],
  [
    named('apps', 'deployments'),
    rolling({ maxUnavailable: '101%' }),
    `${at}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`,
  ],
  [
    named('apps', 'deployments'),
    rolling({ maxSurge: 'x' }),
    `${at}.maxSurge: Invalid value: "x": ${PERCENT}`,
  ],
  [
    named('apps', 'deployments'),
    rolling({ maxSurge: -1 }),
    `${at}.maxSurge: Invalid value: -1: must be greater than or equal to 0`,
  ],
  [
    named('apps', 'deployments'),
    deployment({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
    `${at}: Forbidden: may not be specified when strategy \`type\` is 'Recreate'`,
  ],
  [
    named('apps', 'deployments'),
    deployment({ minReadySeconds: 600 }),
    'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
  ],
  [
    named('', 'pods'),
    container({ ports: [{ containerPort: 1, name: 'far-too-long-a-name' }] }),
    'spec.containers[0].ports[0].name: Invalid value: "far-too-long-a-name": must be no more than 15 characters',
  ],
  [named('', 'pods'), container({ env: [{ name: '' }] }), 'spec.containers[0].env[0].name: Required value'],
  [
    named('', 'pods'),
    container({ volumeMounts: [{ name: 'v', mountPath: '/' }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "v"',
  ],
  [
    named('', 'namespaces'),
    { spec: { finalizers: ['mine'] } },
    'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ],
  [
    named('', 'secrets'),
    dockerConfig('x'),
    'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'x\' looking for beginning of value',
  ],
  [
    named(rbac, 'clusterroles'),
    { aggregationRule: {} },
    'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
  ],
]

const create = (key: ResourceKey, object: object) =>
  local.create(key, { metadata: { name: 'a', namespace: 'default' }, ...object } as LocalObject)
const refusal = (code: number, message: string) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error))
  assert.deepEqual([error.code, error.status.message?.replace(/^\S+ "a" is invalid: /, '')], [code, message])
  return true
}

describe('is refused', () => {
  for (const [key, object, message] of REFUSED) {
    test(message, () => {
      assert.throws(() => create(key, object), refusal(422, message))
    })
  }
})

test('a StatefulSet may mount what it claims', () => {
  const mounting = template({
    containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  })
  const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }]
  create(
    named('apps', 'statefulsets'),
    deployment({ template: mounting, serviceName: 'a', volumeClaimTemplates }),
  )
})

test('limits of a template are not its requests, those of a pod are', () => {
  const limited = { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1' } } }] }
  const made = create(named('apps', 'deployments'), deployment({ template: template(limited) }))
  const resourcesOf = (spec: unknown) => (spec as typeof limited).containers[0]?.resources
  assert.deepEqual(resourcesOf((made.spec as { template: { spec: unknown } }).template.spec), {
    limits: { cpu: '1' },
  })
  const pod = create(named('', 'pods'), { spec: limited })
  assert.deepEqual(resourcesOf(pod.spec), { limits: { cpu: '1' }, requests: { cpu: '1' } })
})

test('a patch cannot rename, and an update of what is gone is a conflict', () => {
  const CONFIG_MAPS = named('', 'configmaps')
  const { metadata } = create(CONFIG_MAPS, {})
  const rename = () => local.patch(CONFIG_MAPS, 'default', 'a', { metadata: { name: 'b' } })
  assert.throws(rename, refusal(400, 'the name of the object (b) does not match the name on the URL (a)'))
  local.delete(CONFIG_MAPS, 'default', 'a')
  assert.throws(
    () => local.update(CONFIG_MAPS, { metadata } as LocalObject),
    refusal(
      409,
      `Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: `,
    ),
  )
})
