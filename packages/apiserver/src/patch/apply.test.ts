import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { builtinSchema } from '../schema/builtin/builtin-schema.ts'
import type { Schema } from '../schema/schema.ts'
import { type Apply, apply, applyConflict } from './apply.ts'
import { fromFieldsV1, toFieldsV1 } from './field-set.ts'
import { trackUpdate } from './managed-fields.ts'
import { PatchError } from './patch-error.ts'

const now = new Date('2026-01-01T00:00:00.5Z')
const time = '2026-01-01T00:00:00Z'
const configMap = builtinSchema('', 'v1', 'ConfigMap')
const podTemplate = builtinSchema('', 'v1', 'PodTemplate')

type Document = Record<string, unknown>

const named = (body: Document): Document => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a' },
  ...body,
})

function applying(manager: string, live: object | undefined, body: Document, options: Partial<Apply> = {}) {
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...body }
  return apply({
    schema: configMap,
    live,
    applied,
    manager,
    force: false,
    now,
    apiVersion: 'v1',
    subresource: '',
    ...options,
  })
}

function updating(
  manager: string,
  live: Document | undefined,
  next: Document,
  schema: Schema = configMap,
): Document {
  const managedFields = trackUpdate({
    schema,
    live,
    next,
    manager,
    operation: 'Update',
    subresource: '',
    now,
    apiVersion: 'v1',
  })
  return { ...next, metadata: { ...(next.metadata as Document), managedFields } }
}

/** Manager to fieldsV1. */
function owners(object: Document): Record<string, unknown> {
  const { managedFields = [] } = object.metadata as {
    managedFields?: { manager: string; fieldsV1: unknown }[]
  }
  return Object.fromEntries(managedFields.map(({ manager, fieldsV1 }) => [manager, fieldsV1]))
}

test('apply: creates, changes, and removes what is left out', () => {
  const created = applying('one', undefined, { data: { x: '1', y: '2' } }).object
  assert.deepEqual(created.data, { x: '1', y: '2' })
  assert.deepEqual((created.metadata as Document).managedFields, [
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'v1',
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:x': {}, 'f:y': {} } },
    },
  ])
  const changed = applying('one', created, { data: { x: '9' } }).object
  assert.deepEqual(changed.data, { x: '9' })
  const patched = updating('two', changed, { ...changed, data: { x: '9', z: 'other' } })
  const emptied = applying('one', patched, {}).object
  assert.deepEqual(emptied.data, { z: 'other' })
  assert.deepEqual(owners(emptied), { two: { 'f:data': { 'f:z': {} } } })
})

test('apply: a field of another manager is a conflict, unless the value is the same or the apply is forced', () => {
  const live = applying('one', undefined, { data: { x: '1', y: '1' } }).object
  const { conflicts } = applying('two', live, { data: { x: '2', y: '2' } })
  const { status } = applyConflict(conflicts)
  assert.equal(status.message, 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y')
  assert.deepEqual(status.details?.causes?.[0], {
    reason: 'FieldManagerConflict',
    message: 'conflict with "one"',
    field: '.data.x',
  })

  const shared = applying('two', live, { data: { x: '1' } }).object
  assert.deepEqual(owners(shared), {
    one: { 'f:data': { 'f:x': {}, 'f:y': {} } },
    two: { 'f:data': { 'f:x': {} } },
  })
  const given = applying('one', shared, { data: { y: '1' } }).object
  assert.deepEqual(given.data, { x: '1', y: '1' })

  const forced = applying('three', given, { data: { x: '5', y: '5' } }, { force: true }).object
  assert.deepEqual(owners(forced), { three: { 'f:data': { 'f:x': {}, 'f:y': {} } } })
  const taken = updating('four', forced, { ...forced, data: { x: '6', y: '5' } })
  const again = applyConflict(applying('three', taken, { data: { x: '7' } }).conflicts)
  assert.equal(again.status.message, 'Apply failed with 1 conflict: conflict with "four" using v1: .data.x')
})

test('apply: lists are merged by their keys, a missing key is its default, order is the configuration’s', () => {
  const template = (containers: unknown[]) => ({ kind: 'PodTemplate', template: { spec: { containers } } })
  const options = { schema: podTemplate }
  const one = { name: 'one', ports: [{ containerPort: 80 }] }
  const live = applying('a', undefined, template([one]), options).object
  assert.deepEqual(owners(live).a, {
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"one"}': {
            '.': {},
            'f:name': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    },
  })
  const both = applying('b', live, template([{ name: 'two' }, { name: 'one', image: 'i' }]), options).object
  assert.deepEqual((both.template as { spec: { containers: unknown[] } }).spec.containers, [
    { name: 'two' },
    { ...one, image: 'i' },
  ])
  const without = applying('a', both, template([]), options).object
  assert.deepEqual((without.template as { spec: { containers: unknown[] } }).spec.containers, [
    { name: 'two' },
    { name: 'one', image: 'i' },
  ])
})

test('apply: what does not fit the schema is refused in the words of kube-apiserver', () => {
  const refused = (body: Document, code: number, message: string, options: Partial<Apply> = {}) =>
    assert.throws(
      () => applying('one', undefined, body, options),
      (error: unknown) => {
        assert.ok(error instanceof PatchError)
        assert.deepEqual([error.code, error.message], [code, message])
        return true
      },
    )
  refused(
    { nope: 1 },
    500,
    'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .nope: field not declared in schema',
  )
  refused({ metadata: { name: 'a', managedFields: [] } }, 400, 'metadata.managedFields must be nil')
  const spec = (containers: unknown[]) => ({ template: { spec: { containers } } })
  const prefix = 'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .template.spec.containers: '
  refused(
    spec([{ image: 'i' }]),
    500,
    `${prefix}element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
    { schema: podTemplate },
  )
  refused(spec([{ name: 'x' }, { name: 'x' }]), 500, `${prefix}duplicate entries for key [name="x"]`, {
    schema: podTemplate,
  })
})

test('apply: the object and its status are applied apart, and do not conflict', () => {
  const pod = { kind: 'Pod', spec: { containers: [{ name: 'c' }] }, status: { phase: 'Running' } }
  const options = { schema: builtinSchema('', 'v1', 'Pod'), hasStatus: true }
  const live = applying('user', undefined, pod, options).object
  assert.equal(live.status, undefined)
  const reported = applying(
    'kubelet',
    live,
    { ...pod, spec: { nodeName: 'n' } },
    { ...options, subresource: 'status' },
  ).object
  assert.deepEqual([reported.spec, reported.status], [pod.spec, pod.status])
  assert.deepEqual(owners(reported).kubelet, { 'f:status': { 'f:phase': {} } })
  const again = applying('user', reported, { ...pod, status: { phase: 'Failed' } }, options)
  assert.deepEqual([again.conflicts, again.object.status], [[], pod.status])
})

test('update: who writes a field owns it; empty managedFields stay empty', () => {
  const created = updating('maker', undefined, named({ data: { x: '1' } }))
  assert.deepEqual(owners(created), { maker: { 'f:data': { '.': {}, 'f:x': {} } } })
  const labelled = updating('labeller', created, {
    ...created,
    metadata: { ...(created.metadata as Document), labels: { l: 'm' } },
  })
  assert.deepEqual(owners(labelled).labeller, { 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } } })
  const reset = updating('maker', created, { ...created, metadata: { name: 'a', managedFields: [{}] } })
  assert.deepEqual(owners(reset), {})
  assert.deepEqual(owners(updating('maker', reset, { ...reset, data: { y: '2' } })), {})
})

test('update: managedFields that a client made up do no harm', () => {
  const made = [
    {
      manager: 'x',
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'k:{broken': {}, nonsense: {}, 'f:x': {} } },
    },
  ]
  const created = updating('maker', undefined, named({ data: { x: '1' } }))
  const written = updating('maker', created, { ...created, metadata: { name: 'a', managedFields: made } })
  assert.deepEqual(owners(written), { x: { 'f:data': { 'f:x': {} } } })
  assert.equal(applying('two', written, { data: { x: '2' } }).conflicts.length, 1)
})

test('update: structs that are always there in Go belong to nobody', () => {
  const deployment = {
    spec: {
      replicas: 1,
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c' }] } },
    },
  }
  const created = updating('maker', undefined, named(deployment), builtinSchema('apps', 'v1', 'Deployment'))
  assert.deepEqual(owners(created).maker, {
    'f:spec': {
      'f:replicas': {},
      'f:template': {
        'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
        'f:spec': { 'f:containers': { '.': {}, 'k:{"name":"c"}': { '.': {}, 'f:name': {} } } },
      },
    },
  })
})

test('update: more than ten updaters are merged into ancient-changes', () => {
  let object = updating('m0', undefined, named({ data: { k0: 'v' } }))
  for (let i = 1; i < 15; i++)
    object = updating(`m${i}`, object, { ...object, data: { ...(object.data as Document), [`k${i}`]: 'v' } })
  assert.equal(Object.keys(owners(object)).length, 10)
  assert.ok('ancient-changes' in owners(object))
})

test('apply, property: a second time changes nothing; giving everything up leaves what others own', () => {
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'))
  fc.assert(
    fc.property(data, data, (mine, theirs) => {
      const first = applying('mine', undefined, { data: mine }).object
      const both = applying('theirs', first, { data: theirs }, { force: true }).object
      const merged = applying('mine', both, { data: mine }, { force: true }).object
      assert.deepEqual(applying('mine', merged, { data: mine }).object, merged)
      const left = applying('mine', merged, {}).object
      const kept = Object.entries(theirs).filter(([key, value]) => !(key in mine) || mine[key] === value)
      assert.deepEqual(left.data ?? {}, Object.fromEntries(kept))
    }),
    { numRuns: 200 },
  )
})

test('fieldsV1, property: reading what was written gives the same', () => {
  const leaf = fc.constant({})
  const { tree } = fc.letrec<{ tree: object }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.dictionary(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"y"', '.'), tie('tree'), {
        minKeys: 1,
      }),
    ),
  }))
  fc.assert(
    fc.property(tree, fields => {
      const once = toFieldsV1(fromFieldsV1({ 'f:root': fields }))
      assert.deepEqual(toFieldsV1(fromFieldsV1(once)), once)
    }),
  )
})
