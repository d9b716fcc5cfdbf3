import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Registry } from '../registry/registry.ts'
import { namespaces } from '../resources/namespace.ts'
import type { Environment } from '../rest/environment.ts'
import { LocalApi, type LocalObject } from '../rest/local-api.ts'
import { Storage } from '../storage/storage.ts'
import { CRDS, type CustomResourceDefinition, conditionOf } from './crd.ts'
import { CUSTOM_RESOURCE_DEFINITION } from './custom-resource-definition.ts'
import { CustomResources } from './custom-resources.ts'

const PLUMS = { group: 'example.com', plural: 'plums' }

function start(storage = new Storage()) {
  const registry = new Registry()
  const environment: Environment = { storage, registry, now: () => new Date() }
  for (const definition of [namespaces, CUSTOM_RESOURCE_DEFINITION]) registry.register(definition)
  const api = new LocalApi(environment)
  if (!api.get({ group: '', plural: 'namespaces' }, undefined, 'default'))
    api.create({ group: '', plural: 'namespaces' }, { metadata: { name: 'default' } })
  const controller = new CustomResources(environment, api)
  return { storage, registry, api, controller }
}

function definition(plural: string, kind: string, spec: object = { n: { type: 'integer' } }): LocalObject {
  const schema = {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec } } },
  }
  return {
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}

const plum = (name: string, more: object = {}) => ({
  metadata: { name, namespace: 'default', ...more },
  spec: { n: 1 },
})

/** Until it holds: everything here happens within a few turns. */
async function eventually(holds: () => unknown): Promise<void> {
  for (let turns = 0; turns < 1000; turns++) {
    if (holds()) return
    await turn()
  }
  assert.fail(`never held: ${holds}`)
}

const crd = (api: LocalApi, name: string) =>
  api.get(CRDS, undefined, name) as CustomResourceDefinition | undefined

test('a definition is served, follows its changes, and goes with its objects', async () => {
  const { api, registry, storage, controller } = start()
  api.create(CRDS, definition('plums', 'Plum'))
  await eventually(() => registry.lookup('example.com', 'v1', 'plums'))
  api.create(PLUMS, plum('a'))
  api.create(PLUMS, plum('b', { finalizers: ['example.com/hold'] }))

  const changed = definition('plums', 'Plum', {
    n: { type: 'integer', maximum: 3 },
    t: { type: 'string', default: 'new' },
  })
  api.update(CRDS, {
    ...changed,
    metadata: {
      ...changed.metadata,
      resourceVersion: crd(api, 'plums.example.com')?.metadata.resourceVersion ?? '',
    },
  })
  await eventually(() => (api.get(PLUMS, 'default', 'a')?.spec as { t?: string } | undefined)?.t === 'new')
  assert.throws(() => api.create(PLUMS, { ...plum('c'), spec: { n: 4 } }), /less than or equal to 3/)

  api.delete(CRDS, undefined, 'plums.example.com')
  await eventually(() => storage.list(PLUMS).length === 1)
  await eventually(
    () =>
      conditionOf(crd(api, 'plums.example.com') as CustomResourceDefinition, 'Terminating')?.reason ===
      'InstanceDeletionInProgress',
  )
  assert.throws(
    () => api.create(PLUMS, plum('d')),
    /create not allowed while custom resource definition is terminating/,
  )

  const held = api.get(PLUMS, 'default', 'b')
  assert.ok(held)
  api.update(PLUMS, { ...held, metadata: { ...held.metadata, finalizers: [] } })
  await eventually(() => crd(api, 'plums.example.com') === undefined)
  await eventually(() => !registry.lookup('example.com', 'v1', 'plums'))
  controller.close()
})

test('rules may speak of an object’s name', async () => {
  const { api, registry, controller } = start()
  const crd = definition('plums', 'Plum') as {
    spec: { versions: { schema: { openAPIV3Schema: object } }[] }
  } & LocalObject
  const [version] = crd.spec.versions
  assert.ok(version)
  const rules = [{ rule: 'self.metadata.name.startsWith("p")', message: 'plums begin with a p' }]
  Object.assign(version.schema.openAPIV3Schema, { 'x-kubernetes-validations': rules })
  api.create(CRDS, crd)
  await eventually(() => registry.lookup('example.com', 'v1', 'plums'))
  assert.throws(() => api.create(PLUMS, plum('a')), /plums begin with a p/)
  assert.ok(api.create(PLUMS, plum('p')))
  controller.close()
})

test('a name that is taken is waited for', async () => {
  const { api, registry, controller } = start()
  api.create(CRDS, definition('plums', 'Plum'))
  await eventually(() => registry.lookup('example.com', 'v1', 'plums'))
  api.create(CRDS, definition('prunes', 'Plum'))
  await eventually(
    () =>
      conditionOf(crd(api, 'prunes.example.com') as CustomResourceDefinition, 'NamesAccepted')?.status ===
      'False',
  )
  assert.equal(registry.lookup('example.com', 'v1', 'prunes'), undefined)
  api.delete(CRDS, undefined, 'plums.example.com')
  await eventually(() => registry.lookup('example.com', 'v1', 'prunes'))
  controller.close()
})

test('what an earlier run defined is served at once', async () => {
  const first = start()
  first.api.create(CRDS, definition('plums', 'Plum'))
  await eventually(() => first.registry.lookup('example.com', 'v1', 'plums'))
  first.api.create(PLUMS, plum('a'))
  first.controller.close()
  const second = start(first.storage)
  assert.equal(second.api.get(PLUMS, 'default', 'a')?.metadata.name, 'a')
  second.controller.close()
})
