import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition, KubernetesObject } from '@isthmus/api'
import { customResourceDefinitions } from './definitions.ts'
import { type InstallOptions, type InstallStep, installInto } from './install.ts'
import { apiError, MemoryCluster } from './testing/memory-cluster.ts'

const install = (cluster: MemoryCluster, options: InstallOptions = {}) => installInto(cluster.client, options)
const actions = (steps: readonly InstallStep[]) => new Set(steps.map(({ action }) => action))

test('an empty cluster gets kinds, then namespaces, then accounts, each reported', async () => {
  const cluster = new MemoryCluster()
  const reported: InstallStep[] = []
  const steps = await install(cluster, { onProgress: step => reported.push(step) })
  assert.deepEqual(actions(steps), new Set(['created']))
  assert.deepEqual(reported, steps)
  assert.equal(cluster.writes.length, steps.length)
  const kinds = [...new Set(cluster.writes.map(write => write.split(' ')[1]))]
  assert.deepEqual(kinds.slice(0, 2), ['CustomResourceDefinition', 'Namespace'])
  assert.ok(cluster.find('ServiceAccount', 'isthmus-agent', 'isthmus-system'))
  assert.ok(cluster.find('Role', 'isthmus-reader', 'isthmus-exchange'))
  assert.equal(cluster.find('ClusterRole', 'isthmus-coredns'), undefined)
})

test('a second run writes nothing and says so', async () => {
  const cluster = new MemoryCluster()
  await install(cluster, { coredns: true })
  cluster.writes.length = 0
  assert.deepEqual(actions(await install(cluster, { coredns: true })), new Set(['unchanged']))
  assert.deepEqual(cluster.writes, [])
})

test('a dry run tells the same and writes nothing', async () => {
  const cluster = new MemoryCluster()
  assert.deepEqual(actions(await install(cluster, { dryRun: true })), new Set(['created']))
  assert.equal(cluster.objects.size, 0)
})

test('other namespaces are used throughout', async () => {
  const cluster = new MemoryCluster()
  await install(cluster, { agentNamespace: 'mesh', exchangeNamespace: 'mesh' })
  const namespaces = new Set([...cluster.objects.values()].map(({ metadata }) => metadata.namespace))
  assert.deepEqual(namespaces, new Set([undefined, 'mesh']))
  assert.doesNotMatch(JSON.stringify([...cluster.objects.values()]), /isthmus-(system|exchange)/)
})

test('a role that was changed is set right, and keeps what others added to its metadata', async () => {
  const cluster = new MemoryCluster()
  await install(cluster)
  const role = cluster.find('ClusterRole', 'isthmus-agent') as KubernetesObject & { rules: unknown[] }
  cluster.put({
    ...role,
    rules: [],
    metadata: { ...role.metadata, annotations: { team: 'net' } },
  } as KubernetesObject)
  const steps = await install(cluster)
  assert.deepEqual(
    steps.filter(({ action }) => action === 'updated').map(({ object }) => object.kind),
    ['ClusterRole'],
  )
  const mended = cluster.find('ClusterRole', 'isthmus-agent') as typeof role
  assert.deepEqual(mended.rules, role.rules)
  assert.deepEqual(mended.metadata.annotations, { ...role.metadata.annotations, team: 'net' })
})

test('a namespace that is there already is used, and not written', async () => {
  const cluster = new MemoryCluster()
  cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'isthmus-system' } })
  const steps = await install(cluster)
  assert.equal(steps.find(({ object }) => object.metadata.name === 'isthmus-system')?.action, 'unchanged')
  assert.equal(cluster.find('Namespace', 'isthmus-system')?.metadata.labels, undefined)
})

const inTheWay: { name: string; object: KubernetesObject; code: string; says: RegExp }[] = [
  {
    name: "someone else's role",
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'isthmus-agent' },
    },
    code: 'ISTHMUS_INSTALL_OBJECT_IN_THE_WAY',
    says: /ClusterRole isthmus-agent/,
  },
  {
    name: 'a namespace that is being deleted',
    object: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'isthmus-exchange', deletionTimestamp: '2026-01-01T00:00:00Z' },
    },
    code: 'ISTHMUS_INSTALL_NAMESPACE_TERMINATING',
    says: /isthmus-exchange/,
  },
  {
    name: 'a CRD that serves only v1alpha1',
    object: foreign('ServiceImport', ({ spec }) => {
      spec.versions = spec.versions.filter(version => version.name === 'v1alpha1')
    }),
    code: 'ISTHMUS_INSTALL_CRD_UNUSABLE',
    says: /serviceimports.* does not serve v1beta1/,
  },
  {
    name: 'a CRD without the status subresource',
    object: foreign('ServiceExport', ({ spec }) => {
      for (const version of spec.versions) delete (version as { subresources?: object }).subresources
    }),
    code: 'ISTHMUS_INSTALL_CRD_UNUSABLE',
    says: /no status subresource/,
  },
]

for (const { name, object, code, says } of inTheWay) {
  test(`${name} is refused before anything is written`, async () => {
    const cluster = new MemoryCluster()
    cluster.put(object)
    await assert.rejects(install(cluster), { code, message: says })
    assert.deepEqual(cluster.writes, [])
  })
}

test("someone else's CRD that will do is left alone; what it lacks is told", async () => {
  const cluster = new MemoryCluster()
  cluster.put(
    foreign('ServiceImport', ({ spec }) => {
      for (const version of spec.versions) {
        const schema = version.schema?.openAPIV3Schema as { properties: { status: { properties: object } } }
        delete (schema.properties.status.properties as { endpointSliceObjects?: object }).endpointSliceObjects
      }
      const alpha = spec.versions.find(version => version.name === 'v1alpha1')
      if (alpha !== undefined) alpha.served = false
    }),
  )
  const steps = await install(cluster)
  const step = steps.find(({ object }) => object.metadata.name?.startsWith('serviceimports'))
  assert.equal(step?.action, 'unchanged')
  assert.match(step?.note ?? '', /does not keep status.endpointSliceObjects; it does not serve v1alpha1/)
})

for (const [found, action] of [
  ['0', 'updated'],
  ['1', 'updated'],
  ['2', 'unchanged'],
] as const) {
  test(`our CRD of revision ${found} with another schema: ${action}`, async () => {
    const cluster = new MemoryCluster()
    const definition = structuredClone(definitionOf('ExportIndex'))
    definition.metadata.labels = { 'isthmus.dev/crd-revision': found }
    definition.spec.names.shortNames = ['xi']
    Object.assign(definition.spec, { conversion: { strategy: 'None' } })
    cluster.put(definition)
    const steps = await install(cluster)
    assert.equal(
      steps.find(({ object }) => object.metadata.name === definition.metadata.name)?.action,
      action,
    )
    const after = cluster.find(
      'CustomResourceDefinition',
      'exportindexes.isthmus.dev',
    ) as CustomResourceDefinition
    assert.equal(after.spec.names.shortNames !== undefined, action === 'unchanged')
    assert.deepEqual((after.spec as { conversion?: object }).conversion, { strategy: 'None' })
  })
}

test('two installations at once do not disturb each other', async () => {
  const cluster = new MemoryCluster()
  const other = new MemoryCluster()
  await install(other)
  cluster.beforeWrite = key => {
    const object = other.objects.get(key)
    if (object !== undefined && !cluster.objects.has(key)) cluster.put(object)
  }
  assert.deepEqual(actions(await install(cluster)), new Set(['unchanged']))
})

test('a server without admission policies is told of, and used', async () => {
  const cluster = new MemoryCluster()
  cluster.refusals.set('create ValidatingAdmissionPolicy', apiError(404, 'NotFound'))
  cluster.refusals.set('create ValidatingAdmissionPolicyBinding', apiError(404, 'NotFound'))
  const told = (await install(cluster)).filter(({ note }) => note !== undefined)
  assert.deepEqual(
    told.map(({ object, action, note }) => [object.kind, action, note?.split(':')[0]]),
    [
      ['ValidatingAdmissionPolicy', 'unchanged', 'not served by this API server'],
      ['ValidatingAdmissionPolicyBinding', 'unchanged', 'not served by this API server'],
    ],
  )
  assert.ok(cluster.find('ClusterRoleBinding', 'isthmus-agent'))
})

test('what the API server refuses is passed on', async () => {
  const cluster = new MemoryCluster()
  cluster.refusals.set('create ClusterRole', apiError(403, 'Forbidden'))
  await assert.rejects(install(cluster), { name: 'ApiError', code: 403 })
})

test('a kind that is never served ends the wait with the reason', async () => {
  const cluster = new MemoryCluster()
  await install(cluster)
  const definition = cluster.find('CustomResourceDefinition', 'exportindexes.isthmus.dev')
  Object.assign(definition ?? {}, {
    status: {
      conditions: [{ type: 'NamesAccepted', status: 'False', message: '"exportindexes" is already in use' }],
    },
  })
  await assert.rejects(install(cluster, { establishTimeoutMs: 30 }), {
    code: 'ISTHMUS_INSTALL_CRD_NOT_ESTABLISHED',
    message: /exportindexes.isthmus.dev .* already in use/,
  })
})

function definitionOf(kind: string): CustomResourceDefinition {
  const found = customResourceDefinitions().find(({ spec }) => spec.names.kind === kind)
  assert.ok(found)
  return found
}

/** A definition as another implementation would have installed it. */
function foreign(
  kind: string,
  change: (definition: CustomResourceDefinition) => void,
): CustomResourceDefinition {
  const definition = structuredClone(definitionOf(kind))
  definition.metadata = { name: definition.metadata.name ?? '' }
  change(definition)
  return definition
}
