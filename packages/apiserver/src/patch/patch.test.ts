import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinSchema } from '../schema/builtin/builtin-schema.ts'
import { jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { PatchError } from './patch-error.ts'
import { strategicMerge } from './strategic-merge.ts'

const fails = (code: number, message: RegExp) => (error: unknown) =>
  error instanceof PatchError && error.code === code && message.test(error.message)

const jsonPatches = [
  ['add', [{ op: 'add', path: '/data/y', value: '2' }], { data: { x: '1', y: '2' }, list: ['a', 'b'] }],
  [
    'replace of a missing key adds it',
    [{ op: 'replace', path: '/data/n', value: 1 }],
    { data: { x: '1', n: 1 }, list: ['a', 'b'] },
  ],
  ['append', [{ op: 'add', path: '/list/-', value: 'c' }], { data: { x: '1' }, list: ['a', 'b', 'c'] }],
  [
    'insert before the last',
    [{ op: 'add', path: '/list/-1', value: 'c' }],
    { data: { x: '1' }, list: ['a', 'c', 'b'] },
  ],
  [
    'copy, move',
    [
      { op: 'copy', from: '/data/x', path: '/z' },
      { op: 'move', from: '/z', path: '/list/0' },
    ],
    { data: { x: '1' }, list: ['1', 'a', 'b'] },
  ],
  [
    'test',
    [
      { op: 'test', path: '/data/x', value: '1' },
      { op: 'remove', path: '/data' },
    ],
    { list: ['a', 'b'] },
  ],
  [
    'test null of a missing key',
    [{ op: 'test', path: '/data/q', value: null }],
    { data: { x: '1' }, list: ['a', 'b'] },
  ],
  [
    'failing test',
    [
      { op: 'remove', path: '/list' },
      { op: 'test', path: '/data/x', value: 'no' },
    ],
    undefined,
  ],
  ['remove of a missing key', [{ op: 'remove', path: '/data/none' }], undefined],
  ['missing parent', [{ op: 'add', path: '/spec/x/y', value: 1 }], undefined],
  ['index out of range', [{ op: 'replace', path: '/list/2', value: 1 }], undefined],
  ['unknown operation', [{ op: 'jump', path: '/data/x' }], undefined],
  ['inherited names', [{ op: 'copy', from: '/data/toString', path: '/data/t' }], undefined],
  ['prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], undefined],
] as const

for (const [name, patch, expected] of jsonPatches)
  test(`JSON patch: ${name}`, () => {
    const object = Object.freeze({ data: Object.freeze({ x: '1' }), list: Object.freeze(['a', 'b']) })
    if (expected) assert.deepEqual(jsonPatch<object>(object, patch), expected)
    else
      assert.throws(
        () => jsonPatch(object, patch),
        fails(422, /^the server rejected our request due to an error in our request$/),
      )
  })

test('JSON patch: what is not a list of operations is 400', () => {
  assert.throws(
    () => jsonPatch({}, { op: 'add' }),
    fails(400, /cannot unmarshal object into Go value of type \[\]handlers.jsonPatchOp$/),
  )
})

test('merge patch: null removes, objects merge, lists are replaced', () => {
  const object = { data: { x: '1', y: '2' }, list: [1, 2], gone: 1 }
  assert.deepEqual(
    mergePatch<object>(object, { data: { x: null, z: { a: null, b: 1 } }, list: [3], gone: null }),
    {
      data: { y: '2', z: { b: 1 } },
      list: [3],
    },
  )
  assert.throws(
    () => mergePatch({}, []),
    fails(400, /cannot unmarshal array into Go value of type map\[string\]interface {}$/),
  )
  const polluted: object = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'))
  assert.equal((polluted as { polluted?: boolean }).polluted, undefined)
})

const podSpec = builtinSchema('', 'v1', 'Pod').properties?.spec ?? {}
const meta = builtinSchema('', 'v1', 'Pod').properties?.metadata ?? {}
const spec = {
  containers: [
    {
      name: 'one',
      image: 'i:1',
      ports: [{ containerPort: 80 }, { containerPort: 443 }],
      args: ['x', 'y'],
      env: [{ name: 'A', value: '1' }],
    },
    { name: 'two', image: 'i:2' },
  ],
  volumes: [{ name: 'v', emptyDir: {} }],
}
const [one, two] = spec.containers

const merges = [
  [
    'by name, new ones last',
    { containers: [{ name: 'two', image: 'i:22' }, { name: 'three' }] },
    { containers: [one, { name: 'two', image: 'i:22' }, { name: 'three' }] },
  ],
  [
    'scalars replaced',
    { containers: [{ name: 'one', args: ['z'] }] },
    { containers: [{ ...one, args: ['z'] }, two] },
  ],
  ['$patch delete', { containers: [{ name: 'two', $patch: 'delete' }] }, { containers: [one] }],
  [
    '$patch replace in a list',
    { containers: [{ $patch: 'replace' }, { name: 'z' }] },
    { containers: [{ name: 'z' }] },
  ],
  [
    '$patch replace of an object',
    { volumes: [{ name: 'v', emptyDir: { $patch: 'replace', medium: 'Memory' } }] },
    { volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }] },
  ],
  [
    '$retainKeys',
    { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'x' } }] },
    { volumes: [{ name: 'v', configMap: { name: 'x' } }] },
  ],
  [
    '$setElementOrder',
    {
      '$setElementOrder/containers': [{ name: 'two' }, { name: 'one' }],
      containers: [{ name: 'two', image: 'i:0' }],
    },
    { containers: [{ name: 'two', image: 'i:0' }, one] },
  ],
  ['null', { volumes: null }, { volumes: undefined }],
  [
    'directives of what is new are dropped',
    { affinity: { $patch: 'merge', nodeAffinity: null } },
    { affinity: {} },
  ],
] as const

for (const [name, patch, changed] of merges)
  test(`strategic merge: ${name}`, () => {
    const expected = JSON.parse(JSON.stringify({ ...spec, ...changed }))
    assert.deepEqual(strategicMerge<object>(podSpec, spec, patch), expected)
  })

test('strategic merge: lists of scalars are merged, the patch first, and elements deleted from them', () => {
  const object = { finalizers: ['a', 'b'] }
  assert.deepEqual(strategicMerge(meta, object, { finalizers: ['c'] }), { finalizers: ['c', 'a', 'b'] })
  assert.deepEqual(strategicMerge(meta, object, { '$deleteFromPrimitiveList/finalizers': ['a'] }), {
    finalizers: ['b'],
  })
})

test('strategic merge: what is wrong is said in the words of kube-apiserver', () => {
  const broken = [
    [
      { containers: [{ image: 'i:9' }] },
      500,
      'map: map[image:i:9] does not contain declared merge key: name',
    ],
    [
      { containers: [{ name: 'two', $patch: 'explode' }] },
      500,
      'unknown patch type: explode in map: map[$patch:explode name:two]',
    ],
    [
      { volumes: [{ name: 'v', $retainKeys: ['name'], configMap: {} }] },
      400,
      'invalid patch format of retainKeys',
    ],
  ] as const
  for (const [patch, code, message] of broken)
    assert.throws(
      () => strategicMerge(podSpec, spec, patch),
      (e: unknown) => e instanceof PatchError && e.code === code && e.message === message,
    )
})
