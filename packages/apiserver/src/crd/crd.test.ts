import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '../schema/schema.ts'
import type { CrdCondition, CustomResourceDefinition } from './crd.ts'
import { statusOf } from './crd-status.ts'
import { crdErrors } from './crd-validation.ts'
import { parseJsonPath } from './json-path.ts'
import { printerColumns } from './printer-columns.ts'

const ROOT = 'spec.versions[0].schema.openAPIV3Schema'
const now = '2026-01-01T00:00:00Z'

function plums(
  changes: Partial<CustomResourceDefinition['spec']> = {},
  schema: object = { type: 'object' },
): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'plums.example.com', uid: 'u', resourceVersion: '1', creationTimestamp: now },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'plums', singular: 'plum', kind: 'Plum', listKind: 'PlumList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema as Schema } }],
      conversion: { strategy: 'None' },
      ...changes,
    },
  }
}

const texts = (crd: CustomResourceDefinition, old?: CustomResourceDefinition) =>
  crdErrors(crd, old).map(({ field, message }) => `${field}: ${message}`)

test('a definition that is one has no errors', () => assert.deepEqual(texts(plums()), []))

const property = (schema: object) => plums({}, { type: 'object', properties: { x: schema } })

const wrong: readonly (readonly [string, CustomResourceDefinition, string])[] = [
  [
    'name',
    { ...plums(), metadata: { ...plums().metadata, name: 'x' } },
    'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
  ],
  [
    'scope',
    plums({ scope: 'Galaxy' }),
    'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
  ],
  [
    'conversion',
    plums({ conversion: { strategy: 'Webhook' } }),
    'spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None"',
  ],
  [
    'no storage',
    plums({ versions: plums().spec.versions.map(version => ({ ...version, storage: false })) }),
    'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
  ],
  [
    'no schema',
    plums({ versions: [{ name: 'v1', served: true, storage: true }] }),
    `${ROOT}: Required value: schemas are required`,
  ],
  [
    'root type',
    plums({}, { type: 'string' }),
    `${ROOT}.type: Invalid value: "string": must be object at the root`,
  ],
  [
    'untyped field',
    property({}),
    `${ROOT}.properties[x].type: Required value: must not be empty for specified object fields`,
  ],
  [
    'list without items',
    property({ type: 'array' }),
    `${ROOT}.properties[x].items: Required value: must be specified`,
  ],
  [
    'pattern',
    property({ type: 'string', pattern: '(' }),
    `${ROOT}.properties[x].pattern: Invalid value: "(": must be a valid regular expression`,
  ],
  [
    'default',
    property({ type: 'integer', default: 'y' }),
    `${ROOT}.properties[x].default: Invalid value: "string": ${ROOT}.properties[x].default in body must be of type integer: "string"`,
  ],
  [
    'rule',
    property({ type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] }),
    `${ROOT}.properties[x].x-kubernetes-validations[0].rule: Invalid value: "self ==": compilation failed: ERROR: `,
  ],
  [
    'map without keys',
    property({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' }),
    `${ROOT}.properties[x].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
  ],
]

for (const [name, crd, expected] of wrong)
  test(`a definition with a wrong ${name} is refused`, () => {
    const found = texts(crd)
    assert.ok(
      found.some(text => text.startsWith(expected)),
      found.join('\n'),
    )
  })

test('a group of the Kubernetes project needs an approval', () => {
  const crd = plums({ group: 'x.k8s.io' })
  crd.metadata = { ...crd.metadata, name: 'plums.x.k8s.io' }
  assert.match(texts(crd)[0] ?? '', /^metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value/)
  crd.metadata.annotations = { 'api-approved.kubernetes.io': 'https://example.com' }
  assert.deepEqual(texts(crd), [])
})

const accepted = (conditions: CrdCondition[] | null) =>
  conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

test('names are accepted once: the second definition that asks for them has to wait', () => {
  const first = plums()
  const status = statusOf(first, [], now)
  assert.deepEqual(accepted(status.conditions), [
    'NamesAccepted=True NoConflicts',
    'Established=True InitialNamesAccepted',
  ])
  const established = { ...first, status }
  assert.equal(statusOf(established, [], 'later'), status)
  const second = plums({ names: { plural: 'prunes', singular: 'prune', kind: 'Plum', listKind: 'PlumList' } })
  second.metadata = { ...second.metadata, name: 'prunes.example.com' }
  const waiting = statusOf(second, [established], now)
  assert.deepEqual(accepted(waiting.conditions), [
    'NamesAccepted=False ListKindConflict',
    'Established=False NotAccepted',
  ])
  assert.deepEqual(accepted(statusOf({ ...second, status: waiting }, [], now).conditions), [
    'NamesAccepted=True NoConflicts',
    'Established=True InitialNamesAccepted',
  ])
})

test('what is fixed once a definition is established', () => {
  const old = { ...plums(), status: statusOf(plums(), [], now) }
  assert.deepEqual(texts(plums({ scope: 'Cluster' }), old), [
    'spec.scope: Invalid value: "Cluster": field is immutable',
  ])
})

const object = {
  metadata: { name: 'a', annotations: { 'a.b/c': 'x' } },
  spec: { list: [1, 2, 3], on: true },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Valid', status: 'False' },
    ],
  },
}

const paths: readonly (readonly [string, readonly unknown[]])[] = [
  ['.metadata.name', ['a']],
  ['{.metadata.name}', ['a']],
  ["metadata.annotations['a.b/c']", ['x']],
  ['.metadata.annotations.a\\.b/c', ['x']],
  ['.spec.list[0]', [1]],
  ['.spec.list[-1:]', [3]],
  ['.spec.list[*]', [1, 2, 3]],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ["$.status.conditions[?(@.status!='True')].type", ['Valid']],
  ['..type', ['Ready', 'Valid']],
  ['.spec.missing.deep', []],
  ['.spec.toString', []],
]

for (const [path, expected] of paths)
  test(`JSONPath: ${path}`, () => assert.deepEqual(parseJsonPath(path)(object), expected))

test('JSONPath: what is none is refused', () => {
  for (const path of ['.a[', '.a[?(@.b)', '.a b']) assert.throws(() => parseJsonPath(path), /is no JSONPath/)
})

test('printer columns show values of their type, lists as JSON, and ages', () => {
  const stored = {
    ...object,
    apiVersion: 'v1',
    kind: 'Plum',
    metadata: { ...object.metadata, uid: 'u', resourceVersion: '1', creationTimestamp: now },
  }
  const column = (type: string, jsonPath: string) => ({ name: 'X', type, jsonPath })
  const columns = printerColumns([
    column('string', '.spec.list'),
    column('integer', '.spec.list[1]'),
    column('integer', '.metadata.name'),
    column('boolean', '.spec.on'),
    column('date', '.metadata.creationTimestamp'),
    column('string', '.spec.none'),
  ])
  const cells = columns.map(({ cell }) => cell(stored, new Date('2026-01-01T00:05:00Z')))
  assert.deepEqual(cells, ['a', '[1,2,3]', 2, null, true, '5m', null])
})
