import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Schema } from './schema.ts'
import { validateSchema } from './validate.ts'

const spec = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, ...more } },
})

const texts = (schema: Schema, object: unknown, old?: unknown, subresource?: string): string[] =>
  validateSchema(schema, object, old, subresource).map(({ field, message }) => `${field}: ${message}`)

const lime = spec(
  {
    n: { type: 'integer', minimum: 1, maximum: 10 },
    f: { type: 'number', multipleOf: 0.5 },
    mode: { type: 'string', enum: ['A', 'B'] },
    name: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 5 },
    list: { type: 'array', maxItems: 2, minItems: 1, items: { type: 'string' } },
    map: { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 2 },
    keys: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: { type: 'string' } } },
    },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    at: { type: 'string', format: 'date-time' },
    io: { 'x-kubernetes-int-or-string': true },
    any: { anyOf: [{ type: 'string' }, { type: 'integer' }], 'x-kubernetes-preserve-unknown-fields': true },
    deep: { type: 'object', properties: { x: { type: 'boolean' } }, required: ['x'] },
  },
  { required: ['must'] },
)

const cases: readonly (readonly [object, readonly string[]])[] = [
  [
    {
      n: 5,
      mode: 'A',
      name: 'abc',
      list: ['a'],
      io: '50%',
      at: '2020-01-01T00:00:00Z',
      f: 1.5,
      deep: { x: true },
    },
    [],
  ],
  [{ n: 0 }, ['spec.n: Invalid value: 0: spec.n in body should be greater than or equal to 1']],
  [{ n: 'x' }, ['spec.n: Invalid value: "string": spec.n in body must be of type integer: "string"']],
  [
    { n: 1.5 },
    [
      'spec.n: Invalid value: "number": spec.n in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.n',
    ],
  ],
  [{ f: 1.2 }, ['spec.f: Invalid value: 1.2: spec.f in body should be a multiple of 0.5']],
  [{ mode: 'C' }, ['spec.mode: Unsupported value: "C": supported values: "A", "B"']],
  [{ name: 'ABC' }, ['spec.name: Invalid value: "ABC": spec.name in body should match \'^[a-z]+$\'']],
  [{ name: '' }, ['spec.name: Invalid value: "": spec.name in body should be at least 2 chars long']],
  [{ name: 'abcdef' }, ['spec.name: Too long: may not be more than 5 bytes']],
  [{ list: ['a', 'b', 'c'] }, ['spec.list: Too many: 3: must have at most 2 items']],
  [{ list: [] }, ['spec.list: Invalid value: 0: spec.list in body should have at least 1 items']],
  [
    { map: { a: 1, b: 'x' } },
    ['spec.map.b: Invalid value: "string": spec.map.b in body must be of type integer: "string"'],
  ],
  [{ keys: [{ k: 'a' }, { k: 'a' }] }, ['spec.keys[1]: Duplicate value: {"k":"a"}']],
  [{ set: ['a', 'a'] }, ['spec.set[1]: Duplicate value: "a"']],
  [{ at: 'now' }, ['spec.at: Invalid value: "now": spec.at in body must be of type date-time: "now"']],
  [
    { io: true },
    ['spec.io: Invalid value: "boolean": spec.io in body must be of type integer,string: "boolean"'],
  ],
  [{ deep: {} }, ['spec.deep.x: Required value']],
  [
    { mode: null },
    [
      'spec.mode: Invalid value: "null": spec.mode in body must be of type string: "null"',
      'spec.mode: Unsupported value: null: supported values: "A", "B"',
    ],
  ],
]

for (const [value, expected] of cases)
  test(`validation: ${JSON.stringify(value)}`, () =>
    assert.deepEqual(texts(lime, { spec: { must: 1, ...value } }), expected))

test('validation: anyOf says where it fails, in its text alone', () => {
  const [first] = texts(lime, { spec: { must: 1, any: true } })
  assert.equal(first, '<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)')
})

test('validation: what is as it was may stay, what changes may not', () => {
  const old = { spec: { n: 99, keys: [{ k: 5 }, { k: 'x' }] } }
  assert.deepEqual(texts(lime, old, old), [])
  assert.deepEqual(texts(lime, { ...old, spec: { ...old.spec, must: 1, mode: 'A' } }, old), [])
  assert.equal(texts(lime, { spec: { ...old.spec, must: 1, n: 98 } }, old).length, 1)
})

test('validation: a write to the status judges the status as a document of its own', () => {
  const schema: Schema = {
    type: 'object',
    properties: { status: { type: 'object', properties: { n: { type: 'integer' } } } },
    required: ['spec'],
  }
  assert.deepEqual(texts(schema, { status: { n: 'x' } }, undefined, 'status'), [
    'status.n: Invalid value: "string": n in body must be of type integer: "string"',
  ])
})

test('validation, property: never throws, and a value is always as good as itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const object = { spec: value }
      validateSchema(lime, object)
      assert.deepEqual(validateSchema(lime, object, structuredClone(object)), [])
    }),
    { numRuns: 200 },
  )
})

const pear = spec(
  {
    min: { type: 'integer' },
    max: { type: 'integer' },
    fixed: {
      type: 'string',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }],
    },
    names: {
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-validations': [
        {
          rule: 'self.all(x, x.startsWith("p-"))',
          messageExpression: '"names must start with p-, got " + self[0]',
          reason: 'FieldValueForbidden',
        },
      ],
    },
    once: {
      type: 'string',
      'x-kubernetes-validations': [
        { rule: '!oldSelf.hasValue() || oldSelf.value() != "done"', optionalOldSelf: true },
      ],
    },
    at: {
      type: 'string',
      format: 'date-time',
      'x-kubernetes-validations': [{ rule: 'self > timestamp("2020-01-01T00:00:00Z")' }],
    },
    'a-b': { type: 'string' },
    map: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      'x-kubernetes-validations': [{ rule: 'self["k"] > 0' }],
    },
  },
  {
    'x-kubernetes-validations': [
      {
        rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
        message: 'min must not be above max',
      },
      { rule: '!has(self.max) || self.max < 100', fieldPath: '.max' },
      { rule: '!has(self.a__dash__b) || self.a__dash__b.size() < 3' },
    ],
  },
)

const ruleCases: readonly (readonly [object, object | undefined, readonly string[]])[] = [
  [{ min: 1, max: 2, fixed: 'x', at: '2021-01-01T00:00:00Z', map: { k: 1 } }, undefined, []],
  [{ min: 3, max: 2 }, undefined, ['spec: Invalid value: min must not be above max']],
  [{ max: 200 }, undefined, ['spec.max: Invalid value: failed rule: !has(self.max) || self.max < 100']],
  [{ names: ['p-1', 'x'] }, undefined, ['spec.names: Forbidden: names must start with p-, got p-1']],
  [{ fixed: 'y' }, { fixed: 'x' }, ['spec.fixed: Invalid value: "y": fixed is immutable']],
  [{}, { fixed: 'x' }, []],
  [
    { once: 'again' },
    { once: 'done' },
    ['spec.once: Invalid value: "again": failed rule: !oldSelf.hasValue() || oldSelf.value() != "done"'],
  ],
  [{ once: 'first' }, undefined, []],
  [
    { at: '2019-01-01T00:00:00Z' },
    undefined,
    ['spec.at: Invalid value: "2019-01-01T00:00:00Z": failed rule: self > timestamp("2020-01-01T00:00:00Z")'],
  ],
  [
    { 'a-b': 'long' },
    undefined,
    ['spec: Invalid value: failed rule: !has(self.a__dash__b) || self.a__dash__b.size() < 3'],
  ],
  [
    { min: 'x' },
    undefined,
    [
      'spec.min: Invalid value: "string": spec.min in body must be of type integer: "string"',
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ],
  ],
]

for (const [value, old, expected] of ruleCases)
  test(`rules: ${JSON.stringify(value)}${old ? ` after ${JSON.stringify(old)}` : ''}`, () =>
    assert.deepEqual(texts(pear, { spec: value }, old && { spec: old }), expected))

test('rules: an expression that cannot be evaluated is an error', () => {
  const [text = ''] = texts(pear, { spec: { map: {} } })
  assert.match(text, /^spec\.map: Invalid value: .* evaluating rule: failed rule: self\["k"\] > 0$/)
})
