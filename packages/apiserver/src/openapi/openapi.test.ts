import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '../crd/crd.ts'
import { customResources } from '../crd/custom-resource.ts'
import { CUSTOM_RESOURCE_DEFINITION } from '../crd/custom-resource-definition.ts'
import { Registry } from '../registry/registry.ts'
import { namespaces } from '../resources/namespace.ts'
import { OpenApiDocuments } from './documents.ts'

type Node = { readonly [key: string]: Node } & { readonly length?: number }

function plums(description: string): CustomResourceDefinition {
  const schema = { type: 'object', properties: { spec: { type: 'object', description } } } as const
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'plums.example.com', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'plums', kind: 'Plum' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
}

function registryWith(...definitions: Parameters<Registry['register']>[0][]): Registry {
  const registry = new Registry()
  for (const definition of definitions) registry.register(definition)
  return registry
}

const parse = (text: string | undefined): Node => JSON.parse(text ?? 'null') as Node

function references(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  // JSONSchemaProps has a field of that name, too.
  return Object.entries(node).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  )
}

test('every reference of a document leads to a schema of it, types that contain themselves too', () => {
  const documents = new OpenApiDocuments(
    registryWith(namespaces, CUSTOM_RESOURCE_DEFINITION, ...customResources(plums('x'))),
  )
  for (const path of ['api/v1', 'apis/apiextensions.k8s.io/v1', 'apis/example.com/v1']) {
    const document = parse(documents.groupVersion(path))
    const found = references(document)
    assert.ok(found.length > 0)
    for (const reference of found)
      assert.ok(document.components?.schemas?.[reference.replace('#/components/schemas/', '')], reference)
  }
  const v2 = parse(documents.v2())
  for (const reference of references(v2))
    assert.ok(v2.definitions?.[reference.replace('#/definitions/', '')], reference)
})

test('kubectl finds the kind of a path, and that its patches take fieldValidation', () => {
  const document = parse(
    new OpenApiDocuments(registryWith(...customResources(plums('x')))).groupVersion('apis/example.com/v1'),
  )
  const patch = document.paths?.['/apis/example.com/v1/namespaces/{namespace}/plums/{name}']?.patch
  assert.deepEqual(patch?.['x-kubernetes-group-version-kind'], {
    group: 'example.com',
    version: 'v1',
    kind: 'Plum',
  })
  assert.ok(
    ((patch?.parameters ?? []) as unknown as { name: string }[]).some(
      ({ name }) => name === 'fieldValidation',
    ),
  )
  assert.equal(patch?.requestBody?.content?.['application/strategic-merge-patch+json'], undefined)
  assert.deepEqual(
    document.components?.schemas?.['com.example.v1.Plum']?.['x-kubernetes-group-version-kind'],
    [{ group: 'example.com', version: 'v1', kind: 'Plum' }],
  )
})

test('documents are kept until something changes; the index says which one did', () => {
  const registry = registryWith(namespaces, ...customResources(plums('one')))
  const documents = new OpenApiDocuments(registry)
  const urls = () =>
    parse(documents.index()).paths as unknown as Record<string, { serverRelativeURL: string }>
  const before = urls()
  assert.equal(documents.groupVersion('api/v1'), documents.groupVersion('api/v1'))
  for (const definition of customResources(plums('two'))) registry.register(definition)
  const after = urls()
  assert.equal(after['api/v1']?.serverRelativeURL, before['api/v1']?.serverRelativeURL)
  assert.notEqual(
    after['apis/example.com/v1']?.serverRelativeURL,
    before['apis/example.com/v1']?.serverRelativeURL,
  )
  assert.equal(documents.groupVersion('apis/none/v1'), undefined)
})
