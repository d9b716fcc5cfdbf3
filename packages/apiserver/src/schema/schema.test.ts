import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinSchema, findBuiltinSchema } from './builtin/builtin-schema.ts'
import { applyDefaults } from './default.ts'
import { prune } from './prune.ts'
import type { Schema } from './schema.ts'
import { unknownFields } from './unknown-fields.ts'

const plum: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        known: { type: 'string' },
        free: {
          type: 'object',
          properties: { typed: { type: 'string' } },
          'x-kubernetes-preserve-unknown-fields': true,
        },
        part: { type: 'object', properties: { known: { type: 'string' } } },
        map: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { a: { type: 'integer' } } },
        },
      },
    },
  },
}

test('unknown fields are named as strict decoding names them', () => {
  const configMap = builtinSchema('', 'v1', 'ConfigMap')
  assert.deepEqual(
    unknownFields(configMap, { metadata: { name: 'a', nada: 2 }, nope: 1, data: { any: 'x' } }),
    ['metadata.nada', 'nope'],
  )
  const pod = builtinSchema('', 'v1', 'Pod')
  assert.deepEqual(unknownFields(pod, { spec: { containers: [{ name: 'a' }, { nam: 'b' }] } }), [
    'spec.containers[1].nam',
  ])
  const object = {
    spec: { unknown: 1, free: { any: { thing: [1] } }, part: { gone: 'g' }, map: { k: { b: 1 } } },
    extra: true,
  }
  assert.deepEqual(unknownFields(plum, object), ['extra', 'spec.map.k.b', 'spec.part.gone', 'spec.unknown'])
})

test('pruning drops what is unknown, keeps what is preserved, and shares the rest', () => {
  const spec = { known: 'x', free: { any: { thing: [1] }, typed: 'y' }, part: { known: 'k', gone: 'g' } }
  const pruned = prune(plum, { spec, extra: true })
  assert.deepEqual(pruned, {
    spec: { known: 'x', free: { any: { thing: [1] }, typed: 'y' }, part: { known: 'k' } },
  })
  assert.equal((pruned as { spec: typeof spec }).spec.free, spec.free)
  assert.equal(prune(plum, pruned), pruned)
})

test('nulls of built-in types are dropped, at any depth', () => {
  const object = { metadata: { name: 'a', creationTimestamp: null }, data: null }
  assert.deepEqual(prune(builtinSchema('', 'v1', 'ConfigMap'), object), { metadata: { name: 'a' } })
})

test('defaults come only where the parent is there; null of a field that is not nullable counts as missing', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      mode: { type: 'string', default: 'auto' },
      nn: { type: 'string', nullable: true, default: 'd' },
      deep: { type: 'object', properties: { x: { type: 'boolean', default: true } } },
      list: {
        type: 'array',
        items: { type: 'object', properties: { p: { type: 'string', default: 'TCP' } } },
      },
      whole: { type: 'object', properties: { y: { type: 'string', default: 'why' } }, default: {} },
      bare: { type: 'string' },
    },
  }
  assert.deepEqual(applyDefaults(schema, {}), { mode: 'auto', nn: 'd', whole: { y: 'why' } })
  assert.deepEqual(
    applyDefaults(schema, { mode: null, nn: null, deep: {}, list: [{}, { p: 'UDP' }], bare: null }),
    {
      mode: 'auto',
      nn: null,
      deep: { x: true },
      list: [{ p: 'TCP' }, { p: 'UDP' }],
      whole: { y: 'why' },
    },
  )
  const full = applyDefaults(schema, {})
  assert.equal(applyDefaults(schema, full), full)
})

test('built-in kinds of every group are found by group, version and kind; others are not', () => {
  const kinds = [
    ['', 'v1', 'Service'],
    ['apps', 'v1', 'Deployment'],
    ['discovery.k8s.io', 'v1', 'EndpointSlice'],
    ['rbac.authorization.k8s.io', 'v1', 'ClusterRole'],
    ['apiextensions.k8s.io', 'v1', 'CustomResourceDefinition'],
    ['autoscaling', 'v2', 'HorizontalPodAutoscaler'],
  ] as const
  for (const [group, version, kind] of kinds)
    assert.equal(builtinSchema(group, version, kind).properties?.kind?.type, 'string')
  assert.equal(findBuiltinSchema('apps', 'v1', 'Service'), undefined)
  assert.throws(() => builtinSchema('', 'v1', 'Nope'), /no built-in schema/)
})

test('list types, merge keys and defaults of built-in types are known', () => {
  const ports = builtinSchema('', 'v1', 'Service').properties?.spec?.properties?.ports
  assert.deepEqual(ports?.['x-kubernetes-list-map-keys'], ['port', 'protocol'])
  assert.equal(ports?.['x-kubernetes-patch-merge-key'], 'port')
  assert.equal(ports?.items?.properties?.protocol?.default, 'TCP')
})
