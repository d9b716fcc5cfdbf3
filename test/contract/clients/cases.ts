/** What every client has to find: requests and what comes of them, as data of names and steps. */
import assert from 'node:assert/strict'
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  LEASES,
  PODS,
  type ResourceType,
  SERVICES,
} from '@isthmus/api'
import { until } from '../../fixtures/until.ts'
import { type AnyObject, type Change, type ContractClient, type Kind, Refusal } from './contract-client.ts'

export interface Room {
  readonly client: ContractClient
  /** Of the case alone, and there already. */
  readonly namespace: string
  /** A client of the same make that has only this token. */
  as(token: string): Promise<ContractClient>
}

const named = (group: string, plural: string, kind: string, namespaced = true): ResourceType => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced,
})
const REPLICA_SETS = named('apps', 'replicasets', 'ReplicaSet')
const SERVICE_ACCOUNTS = named('', 'serviceaccounts', 'ServiceAccount')
const ROLES = named('rbac.authorization.k8s.io', 'roles', 'Role')
const ROLE_BINDINGS = named('rbac.authorization.k8s.io', 'rolebindings', 'RoleBinding')

const configMap = (namespace: string, name: string, more: object = {}): AnyObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  ...more,
})

const refusedWith = (code: number, reason: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error))
  assert.deepEqual([error.code, error.reason], [code, reason], error.message)
  if (message) assert.match(error.message, message)
  return true
}

const names = (objects: readonly AnyObject[]) => objects.map(({ metadata }) => metadata.name).sort()

const service = (namespace: string, name: string): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
})

const deployment = (namespace: string, name: string, replicas = 1): AnyObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'main:1' }] },
    },
  },
})

export const CASES: Readonly<Record<string, (room: Room) => Promise<void>>> = {
  'an object is made, read, and gone': async ({ client, namespace }) => {
    const made = await client.create(CONFIG_MAPS, configMap(namespace, 'a', { data: { k: 'v' } }))
    assert.match(made.metadata.uid ?? '', /^[0-9a-f-]{36}$/)
    const read = await client.get(CONFIG_MAPS, namespace, 'a')
    assert.equal(read.metadata.resourceVersion, made.metadata.resourceVersion)
    assert.deepEqual(read.data, { k: 'v' })
    await client.delete(CONFIG_MAPS, namespace, 'a')
    await assert.rejects(client.get(CONFIG_MAPS, namespace, 'a'), refusedWith(404, 'NotFound'))
  },

  'what is there already, or is not': async ({ client, namespace }) => {
    await client.create(CONFIG_MAPS, configMap(namespace, 'a'))
    const again = client.create(CONFIG_MAPS, configMap(namespace, 'a'))
    await assert.rejects(again, refusedWith(409, 'AlreadyExists', /configmaps "a" already exists/))
    const missing = refusedWith(404, 'NotFound', /configmaps "b" not found/)
    await assert.rejects(client.delete(CONFIG_MAPS, namespace, 'b'), missing)
    await assert.rejects(client.patch(CONFIG_MAPS, namespace, 'b', 'merge', { data: {} }), missing)
  },

  'what cannot be': async ({ client, namespace }) => {
    const wrong = { ...service(namespace, 'a'), spec: { ports: [{ port: 70_000 }] } }
    await assert.rejects(
      client.create(SERVICES, wrong),
      refusedWith(
        422,
        'Invalid',
        /spec\.ports\[0\]\.port: Invalid value: 70000: must be between 1 and 65535/,
      ),
    )
    await assert.rejects(
      client.create(CONFIG_MAPS, configMap(namespace, 'Not_A_Name')),
      refusedWith(422, 'Invalid', /metadata\.name: Invalid value: "Not_A_Name"/),
    )
  },

  'lists by selectors, in pages': async ({ client, namespace }) => {
    for (const [n, tier] of ['web', 'web', 'data', 'web', 'none'].entries()) {
      const metadata = { namespace, name: `m${n}`, labels: { tier, case: 'list' } }
      await client.create(CONFIG_MAPS, { ...configMap(namespace, ''), metadata })
    }
    const list = async (labelSelector: string, fieldSelector = '') =>
      names(
        await client.list(CONFIG_MAPS, {
          namespace,
          labelSelector,
          ...(fieldSelector && { fieldSelector }),
          pageSize: 2,
        }),
      )
    assert.deepEqual(await list('case=list'), ['m0', 'm1', 'm2', 'm3', 'm4'])
    assert.deepEqual(await list('tier in (web,data),case'), ['m0', 'm1', 'm2', 'm3'])
    assert.deepEqual(await list('tier!=web,case'), ['m2', 'm4'])
    assert.deepEqual(await list('tier=web', 'metadata.name!=m1'), ['m0', 'm3'])
  },

  'a watch tells what there is and what changes': async ({ client, namespace }) => {
    const labelled = (name: string, watched: string) => ({
      ...configMap(namespace, name),
      metadata: { namespace, name, labels: { watched } },
    })
    await client.create(CONFIG_MAPS, labelled('before', 'yes'))
    const changes: string[] = []
    const told = ({ type, name }: Change) => changes.push(`${type} ${name}`)
    const stop = await client.watch(CONFIG_MAPS, { namespace, labelSelector: 'watched=yes' }, told)
    try {
      await client.create(CONFIG_MAPS, labelled('after', 'yes'))
      await client.create(CONFIG_MAPS, labelled('other', 'no'))
      await until('the changes of before', () => changes.includes('ADDED after'))
      await client.patch(CONFIG_MAPS, namespace, 'after', 'merge', { data: { k: 'v' } })
      // It leaves the selection: to this watch that is its end.
      await client.patch(CONFIG_MAPS, namespace, 'after', 'merge', {
        metadata: { labels: { watched: 'no' } },
      })
      await client.delete(CONFIG_MAPS, namespace, 'before')
      await until(
        'both are gone',
        () => changes.includes('DELETED before') && changes.includes('DELETED after'),
      )
    } finally {
      await stop()
    }
    const seen = changes.filter(change => change !== 'ADDED before')
    assert.deepEqual(seen, ['ADDED after', 'MODIFIED after', 'DELETED after', 'DELETED before'])
  },

  'an update from an old version is a conflict': async ({ client, namespace }) => {
    const first = await client.create(CONFIG_MAPS, configMap(namespace, 'a', { data: { n: '1' } }))
    const second = await client.update(CONFIG_MAPS, { ...first, data: { n: '2' } })
    await assert.rejects(
      client.update(CONFIG_MAPS, { ...first, data: { n: '3' } }),
      refusedWith(
        409,
        'Conflict',
        /the object has been modified; please apply your changes to the latest version/,
      ),
    )
    assert.deepEqual((await client.get(CONFIG_MAPS, namespace, 'a')).data, { n: '2' })
    assert.equal(second.metadata.uid, first.metadata.uid)
  },

  'status is written apart': async ({ client, namespace }) => {
    const made = await client.create(SERVICES, {
      ...service(namespace, 'a'),
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    })
    const ingress = [{ ip: '192.0.2.1' }]
    const spec = { ...(made.spec as object), sessionAffinity: 'ClientIP' }
    const written = await client.updateStatus(SERVICES, {
      ...made,
      spec,
      status: { loadBalancer: { ingress } },
    })
    assert.equal((written.spec as { sessionAffinity: string }).sessionAffinity, 'None')
    const told = (object: AnyObject) =>
      (object.status as { loadBalancer: { ingress: { ip: string }[] } }).loadBalancer.ingress.map(
        ({ ip }) => ip,
      )
    assert.deepEqual(told(written), ['192.0.2.1'])
    const patch = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.2' }] } } }
    const patched = await client.patch(SERVICES, namespace, 'a', 'merge', patch, { subresource: 'status' })
    assert.deepEqual(told(patched), ['192.0.2.2'])
    const replaced = await client.update(SERVICES, { ...patched, status: {} })
    assert.deepEqual(told(replaced), ['192.0.2.2'])
  },

  'patches of three kinds': async ({ client, namespace }) => {
    await client.create(SERVICES, service(namespace, 'a'))
    const ports = (object: AnyObject) =>
      (object.spec as { ports: { name: string; port: number }[] }).ports.map(
        ({ name, port }) => `${name}:${port}`,
      )
    const metrics = { spec: { ports: [{ name: 'metrics', port: 90 }] } }
    const merged = await client.patch(SERVICES, namespace, 'a', 'strategic', metrics)
    assert.deepEqual(ports(merged).sort(), ['http:80', 'metrics:90'])
    const operations = [
      { op: 'test', path: '/spec/selector/app', value: 'a' },
      { op: 'add', path: '/spec/ports/-', value: { name: 'last', port: 99 } },
    ]
    assert.equal(ports(await client.patch(SERVICES, namespace, 'a', 'json', operations)).at(-1), 'last:99')
    assert.deepEqual(ports(await client.patch(SERVICES, namespace, 'a', 'merge', metrics)), ['metrics:90'])
    const untrue = [{ op: 'test', path: '/spec/selector/app', value: 'b' }]
    await assert.rejects(client.patch(SERVICES, namespace, 'a', 'json', untrue), refusedWith(422, 'Invalid'))
  },

  'apply owns fields, and conflicts': async ({ client, namespace }) => {
    const apply = (data: Record<string, string>, options: { fieldManager: string; force?: boolean }) =>
      client.patch(CONFIG_MAPS, namespace, 'a', 'apply', configMap(namespace, 'a', { data }), options)
    await apply({ mine: '1', ours: '1' }, { fieldManager: 'one' })
    const both = await apply({ ours: '1', yours: '2' }, { fieldManager: 'two' })
    assert.deepEqual(both.data, { mine: '1', ours: '1', yours: '2' })
    await assert.rejects(
      apply({ mine: '3' }, { fieldManager: 'two' }),
      refusedWith(409, 'Conflict', /conflict with "one".*\.data\.mine/s),
    )
    const forced = await apply({ mine: '3' }, { fieldManager: 'two', force: true })
    assert.deepEqual(forced.data, { mine: '3', ours: '1' })
  },

  'deletes with preconditions': async ({ client, namespace }) => {
    const { metadata } = await client.create(CONFIG_MAPS, configMap(namespace, 'a'))
    const changed = await client.patch(CONFIG_MAPS, namespace, 'a', 'merge', { data: { k: 'v' } })
    const wrongly = (preconditions: { uid?: string; resourceVersion?: string }) =>
      assert.rejects(client.delete(CONFIG_MAPS, namespace, 'a', preconditions), refusedWith(409, 'Conflict'))
    await wrongly({ uid: '00000000-0000-0000-0000-000000000000' })
    await wrongly({ resourceVersion: metadata.resourceVersion ?? '' })
    const { uid = '', resourceVersion = '' } = changed.metadata
    await client.delete(CONFIG_MAPS, namespace, 'a', { uid, resourceVersion })
    await assert.rejects(client.get(CONFIG_MAPS, namespace, 'a'), refusedWith(404, 'NotFound'))
  },

  'a finalizer holds an object, and dependents go as told': async ({ client, namespace }) => {
    const holding = {
      ...configMap(namespace, 'held'),
      metadata: { namespace, name: 'held', finalizers: ['example.test/hold'] },
    }
    await client.create(CONFIG_MAPS, holding)
    await client.delete(CONFIG_MAPS, namespace, 'held')
    assert.ok((await client.get(CONFIG_MAPS, namespace, 'held')).metadata.deletionTimestamp)
    await client.patch(CONFIG_MAPS, namespace, 'held', 'merge', { metadata: { finalizers: null } })
    await assert.rejects(client.get(CONFIG_MAPS, namespace, 'held'), refusedWith(404, 'NotFound'))

    const replicaSets = async () => (await client.list(REPLICA_SETS, { namespace })).length
    for (const [propagationPolicy, left] of [
      ['Orphan', 1],
      ['Background', 1],
      ['Foreground', 1],
    ] as const) {
      const name = propagationPolicy.toLowerCase()
      const before = await replicaSets()
      await client.create(DEPLOYMENTS, deployment(namespace, name))
      await until('its ReplicaSet is there', async () => (await replicaSets()) === before + 1)
      await client.delete(DEPLOYMENTS, namespace, name, { propagationPolicy })
      await until(`${left} is left`, async () => (await replicaSets()) === left)
    }
    assert.deepEqual(await client.list(DEPLOYMENTS, { namespace }), [])
  },

  'a ServiceAccount may do what its role says': async ({ client, namespace, as }) => {
    const metadata = { namespace, name: 'reader' }
    await client.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    const rbac = 'rbac.authorization.k8s.io'
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }]
    await client.create(ROLES, { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules })
    await client.create(ROLE_BINDINGS, {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
    })
    await client.create(CONFIG_MAPS, configMap(namespace, 'a'))
    const reader = await as(await client.token(namespace, 'reader'))
    const stranger = await as('not.a.token')
    try {
      assert.equal((await reader.get(CONFIG_MAPS, namespace, 'a')).metadata.name, 'a')
      await assert.rejects(
        reader.delete(CONFIG_MAPS, namespace, 'a'),
        refusedWith(
          403,
          'Forbidden',
          /User "system:serviceaccount:.*:reader" cannot delete resource "configmaps"/,
        ),
      )
      await assert.rejects(reader.list(PODS, { namespace }), refusedWith(403, 'Forbidden'))
      await assert.rejects(stranger.get(CONFIG_MAPS, namespace, 'a'), refusedWith(401, 'Unauthorized'))
    } finally {
      await Promise.all([reader.close(), stranger.close()])
    }
  },

  'objects of a kind that was defined': async ({ client, namespace }) => {
    const group = `${namespace}.test`
    const kind: Kind = { group, version: 'v1', plural: 'gates', kind: 'Gate', namespaced: true }
    await client.create(CUSTOM_RESOURCE_DEFINITIONS, gateDefinition(group))
    await until('it is established', async () => {
      const { status } = await client.get(CUSTOM_RESOURCE_DEFINITIONS, namespace, `gates.${group}`)
      const { conditions } = status as { conditions: { type: string; status: string }[] }
      return conditions.some(({ type, status }) => type === 'Established' && status === 'True')
    })
    const gate = (width: unknown): AnyObject => ({
      apiVersion: `${group}/v1`,
      kind: 'Gate',
      metadata: { namespace, name: 'a' },
      spec: { width },
    })
    await assert.rejects(
      client.create(kind, gate(0)),
      refusedWith(422, 'Invalid', /spec\.width: Invalid value: 0/),
    )
    await assert.rejects(client.create(kind, gate(13)), refusedWith(422, 'Invalid', /thirteen is bad luck/))
    const made = await client.create(kind, gate(3))
    assert.deepEqual(made.spec, { width: 3, colour: 'grey' })
    const opened = await client.updateStatus(kind, { ...made, status: { open: true } })
    assert.deepEqual(opened.status, { open: true })
    const patched = await client.patch(kind, namespace, 'a', 'merge', { spec: { colour: null, width: 4 } })
    assert.deepEqual([patched.spec, patched.status], [{ width: 4, colour: 'grey' }, { open: true }])
    assert.deepEqual(names(await client.list(kind, { namespace })), ['a'])
    await client.delete(CUSTOM_RESOURCE_DEFINITIONS, namespace, `gates.${group}`)
  },

  'a Lease has one holder, however many race for it': async ({ client, namespace }) => {
    const candidates = ['a', 'b', 'c', 'd']
    const lease = (holderIdentity: string): AnyObject => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: 'leader' },
      spec: { holderIdentity, leaseDurationSeconds: 15 },
    })
    const winner = (results: PromiseSettledResult<AnyObject>[], reason: string) => {
      const won = results.filter(result => result.status === 'fulfilled')
      assert.equal(won.length, 1)
      for (const result of results) {
        if (result.status === 'rejected') refusedWith(409, reason)(result.reason)
      }
      return won[0]?.value as AnyObject
    }
    const first = winner(
      await Promise.allSettled(candidates.map(who => client.create(LEASES, lease(who)))),
      'AlreadyExists',
    )
    // All take over from what they saw: the version lets one through.
    const takeOver = (who: string) => {
      const spec = { ...(first.spec as object), holderIdentity: `${who}2` }
      return client.update(LEASES, { ...first, spec })
    }
    const second = winner(await Promise.allSettled(candidates.map(takeOver)), 'Conflict')
    const held = await client.get(LEASES, namespace, 'leader')
    assert.deepEqual(held.spec, second.spec)
  },
}

function gateDefinition(group: string): AnyObject {
  const openAPIV3Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['width'],
        properties: {
          width: { type: 'integer', minimum: 1 },
          colour: { type: 'string', default: 'grey' },
        },
        'x-kubernetes-validations': [{ rule: 'self.width != 13', message: 'thirteen is bad luck' }],
      },
      status: { type: 'object', properties: { open: { type: 'boolean' } } },
    },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gates.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Gate', plural: 'gates' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema },
          subresources: { status: {} },
        },
      ],
    },
  }
}
