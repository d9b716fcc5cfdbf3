/** The CRDs say the same as the TypeScript types, as a real API server did, and are what one accepts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { installObjects } from '@isthmus/agent'
import type {
  ClusterProfile,
  ClusterProperty,
  Condition,
  CustomResourceDefinition,
  ExportedEndpoints,
  ExportedService,
  ExportIndex,
  ImportPolicy,
  ServiceExport,
  ServiceImport,
} from '@isthmus/api'
import { Ajv } from 'ajv'

interface Schema {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
  required?: string[]
  maxItems?: number
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-validations'?: { rule: string; message?: string }[]
}

/** Every field of a type, none left out: the compiler keeps the samples below in step with the types. */
type Complete<T> = T extends readonly (infer Item)[]
  ? Complete<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Complete<T[Key]> }
    : T

type Content<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata'>

interface Sample<T> {
  /** With all fields. */
  complete: Complete<Content<T>>
  /** With the required ones alone. */
  minimal: Content<T>
  /** Fields that the kind has, and our types have no use for. */
  unused?: string[]
}

const sample = <T>(sample: Sample<T>): Sample<unknown> => sample as unknown as Sample<unknown>

const condition: Complete<Condition> = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'Ready',
  message: '',
}
const port = { name: 'http', protocol: 'TCP', appProtocol: 'http', port: 80 } as const
const service = { namespace: 'demo', name: 'hello' }
const affinity = { clientIP: { timeoutSeconds: 10 } }

const SAMPLES: Readonly<Record<string, Sample<unknown>>> = {
  ServiceExport: sample<ServiceExport>({
    complete: {
      spec: { exportedLabels: { a: 'b' }, exportedAnnotations: { c: 'd' } },
      status: { conditions: [condition] },
    },
    minimal: {},
  }),
  ServiceImport: sample<ServiceImport>({
    complete: {
      spec: {
        type: 'ClusterSetIP',
        ports: [port],
        ips: ['10.0.0.1'],
        ipFamilies: ['IPv4'],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: affinity,
        internalTrafficPolicy: 'Local',
        trafficDistribution: 'PreferSameZone',
      },
      status: { clusters: [{ cluster: 'east' }], conditions: [condition], endpointSliceObjects: 'Present' },
    },
    minimal: { spec: { type: 'Headless', ports: [{ port: 80 }] } },
  }),
  ClusterProperty: sample<ClusterProperty>({
    complete: { spec: { value: 'east' } },
    minimal: { spec: { value: 'east' } },
  }),
  ClusterProfile: sample<ClusterProfile>({
    complete: {
      spec: { displayName: 'East', clusterManager: { name: 'isthmus' } },
      status: {
        conditions: [condition],
        version: { kubernetes: 'v1.36.2' },
        properties: [{ name: 'a', value: 'b', lastObservedTime: '2026-01-01T00:00:00Z' }],
        accessProviders: [
          {
            name: 'kubeconfig',
            cluster: {
              server: 'https://east',
              'certificate-authority-data': 'AAAA',
              'tls-server-name': 'east',
            },
          },
        ],
      },
    },
    minimal: { spec: { clusterManager: { name: 'isthmus' } } },
    unused: [
      'insecure-skip-tls-verify',
      'certificate-authority',
      'proxy-url',
      'disable-compression',
      'extensions',
    ].map(field => `status.accessProviders[].cluster.${field}`),
  }),
  ExportIndex: sample<ExportIndex>({
    complete: { spec: { sequence: 1_764_000_000_123, clusterId: 'east', services: ['demo/hello'] } },
    minimal: { spec: { sequence: 1, clusterId: 'e', services: [] } },
  }),
  ExportedService: sample<ExportedService>({
    complete: {
      spec: {
        service,
        exportedAt: '2026-01-01T00:00:00Z',
        type: 'ClusterSetIP',
        ports: [port],
        ipFamilies: ['IPv4', 'IPv6'],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: affinity,
        internalTrafficPolicy: 'Cluster',
        trafficDistribution: 'PreferClose',
        publishNotReadyAddresses: true,
        labels: { a: 'b' },
        annotations: { c: 'd' },
        chunks: ['hello.demo.5f3c1'],
      },
    },
    minimal: {
      spec: {
        service,
        exportedAt: '2026-01-01T00:00:00Z',
        type: 'Headless',
        ports: [],
        ipFamilies: [],
        sessionAffinity: 'None',
        chunks: [],
      },
    },
  }),
  ExportedEndpoints: sample<ExportedEndpoints>({
    complete: {
      spec: {
        service,
        addressType: 'IPv6',
        ports: [port],
        endpoints: [
          {
            addresses: ['2001:db8::1'],
            ready: true,
            serving: true,
            terminating: false,
            hostname: 'a',
            zone: 'z1',
            nodeName: 'n1',
          },
        ],
      },
    },
    minimal: {
      spec: {
        service,
        addressType: 'IPv4',
        ports: [{ name: '', protocol: 'UDP', port: 53 }],
        endpoints: [{ addresses: ['10.0.0.1'], ready: false, serving: false, terminating: true }],
      },
    },
  }),
  ImportPolicy: sample<ImportPolicy>({
    complete: {
      spec: {
        members: [{ clusterId: 'east', addresses: ['10.1.0.0/16'] }],
        namespaces: {
          names: ['demo'],
          selector: {
            matchLabels: { a: 'b' },
            matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }],
          },
        },
      },
    },
    minimal: { spec: { members: [{ clusterId: '*' }], namespaces: { names: ['*'] } } },
  }),
}

const definitions = installObjects()[0].map(({ object }) => object as CustomResourceDefinition)

test('there is a definition for each kind', () => {
  assert.deepEqual(definitions.map(({ spec }) => spec.names.kind).sort(), Object.keys(SAMPLES).sort())
})

for (const definition of definitions) {
  const { group, names, versions } = definition.spec
  describe(names.kind, () => {
    const { complete, minimal, unused = [] } = SAMPLES[names.kind] as Sample<object>

    test('is named as an API server wants it, and stored in one version', () => {
      assert.equal(definition.metadata.name, `${names.plural}.${group}`)
      assert.equal(versions.filter(version => version.storage).length, 1)
      // apiextensions refuses groups of the Kubernetes community without it.
      const approved = definition.metadata.annotations?.['api-approved.kubernetes.io']
      assert.equal(approved !== undefined, group.endsWith('.k8s.io') && !group.endsWith('.x-k8s.io'))
    })

    for (const version of versions) {
      const schema = version.schema?.openAPIV3Schema as Schema
      test(`${version.name}: structural, described, bounded where rules run`, () => {
        assert.deepEqual(mistakesOf(schema, ''), [])
      })
      test(`${version.name}: has the fields of the TypeScript type`, () => {
        const known = fieldsOfSchema(schema).filter(
          field => !unused.some(part => field === part || field.startsWith(`${part}[`)),
        )
        assert.deepEqual(known.sort(), fieldsOf(complete).sort())
      })
      test(`${version.name}: requires what the TypeScript type requires`, () => {
        const valid = validator(schema)
        assert.deepEqual(valid(minimal), [])
        assert.deepEqual(valid(complete), [])
        for (const field of fieldsOf(minimal).filter(field => !field.endsWith('{}'))) {
          assert.notDeepEqual(valid(without(minimal, field.split('.'))), [], `without ${field}`)
        }
      })
    }
  })
}

describe('as a kube-apiserver answered with the CRDs of mcs-api', () => {
  for (const name of ['mcs-service-import', 'mcs-service-export']) {
    const file = new URL(`../fixtures/golden/apiserver/crd/${name}.json`, import.meta.url)
    const { steps } = JSON.parse(readFileSync(file, 'utf8')) as { steps: GoldenStep[] }
    for (const [n, { request, response }] of steps.entries()) {
      if (request.body === undefined) continue
      test(`${name}, step ${n}: ${response.status}`, () => {
        const [, version, plural] = /x-k8s\.io\/(\w+)\/namespaces\/[^/]+\/(\w+)/.exec(request.path) ?? []
        const definition = definitions.find(({ spec }) => spec.names.plural === plural)
        const schema = definition?.spec.versions.find(({ name }) => name === version)?.schema?.openAPIV3Schema
        assert.ok(schema)
        const base = request.method === 'PATCH' ? SAMPLES[definition.spec.names.kind]?.complete : {}
        const mistakes = validator(schema as Schema)({ ...(base as object), ...request.body })
        assert.equal(mistakes.length === 0, response.status < 300, mistakes.join('; '))
      })
    }
  }
})

interface GoldenStep {
  request: { method: string; path: string; body?: object }
  response: { status: number }
}

/** Paths of all fields, such as `spec.ports[].name`; `{}` for the values of a map. */
function fieldsOfSchema(schema: Schema): string[] {
  const paths = (schema: Schema, path: string): string[] => {
    if (schema.items) return paths(schema.items, `${path}[]`)
    if (schema.additionalProperties) return [`${path}{}`]
    if (!schema.properties) return [path]
    return Object.entries(schema.properties).flatMap(([name, field]) =>
      paths(field, path === '' ? name : `${path}.${name}`),
    )
  }
  return paths(schema, '').filter(path => !['apiVersion', 'kind', 'metadata'].includes(path))
}

const MAPS = /\.(exportedLabels|exportedAnnotations|labels|annotations|matchLabels)$/

function fieldsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap(item => fieldsOf(item, `${path}[]`))
  if (typeof value !== 'object' || value === null) return [path]
  if (MAPS.test(path)) return [`${path}{}`]
  return Object.entries(value).flatMap(([name, field]) =>
    fieldsOf(field, path === '' ? name : `${path}.${name}`),
  )
}

/** A copy that lacks the field at a path of {@link fieldsOf}. */
function without(value: unknown, [name = '', ...rest]: string[]): unknown {
  const key = name.replace('[]', '')
  const copy = { ...(value as Record<string, unknown>) }
  if (rest.length === 0) delete copy[key]
  else if (name.endsWith('[]')) copy[key] = (copy[key] as unknown[]).map(item => without(item, rest))
  else copy[key] = without(copy[key], rest)
  return copy
}

/** What apiextensions would refuse of a schema, or a reader miss in it. */
function mistakesOf(schema: Schema, path: string): string[] {
  const mistakes: string[] = []
  const wrong = (what: string) => mistakes.push(`${path || 'the kind'}: ${what}`)
  if (schema.type === undefined) wrong('no type')
  const ownWords = /(^|\.)(metadata|spec)$/.test(path) || path.endsWith('[]') || path.endsWith('{}')
  if (schema.description === undefined && !ownWords) wrong('no description')
  if (schema.type === 'array') {
    const listType = schema['x-kubernetes-list-type']
    if (listType === undefined) wrong('no list type')
    for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
      if (!schema.items?.required?.includes(key)) wrong(`the map key ${key} is not required`)
    }
    // The cost of a rule is estimated from it.
    if (schema['x-kubernetes-validations'] && schema.maxItems === undefined)
      wrong('a rule on an unbounded list')
  }
  for (const name of schema.required ?? []) {
    if (schema.properties?.[name] === undefined) wrong(`requires ${name}, which it does not have`)
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    mistakes.push(...mistakesOf(field, path === '' ? name : `${path}.${name}`))
  }
  if (schema.items) mistakes.push(...mistakesOf(schema.items, `${path}[]`))
  if (schema.additionalProperties) mistakes.push(...mistakesOf(schema.additionalProperties, `${path}{}`))
  return mistakes
}

function validator(schema: Schema): (value: unknown) => string[] {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  ajv.addKeyword({
    keyword: 'x-kubernetes-list-map-keys',
    type: 'array',
    validate: (keys: string[], list: Record<string, unknown>[]) =>
      new Set(list.map(item => JSON.stringify(keys.map(key => item[key])))).size === list.length,
  })
  const validate = ajv.compile(schema)
  return value =>
    validate(value) ? [] : (validate.errors ?? []).map(error => `${error.instancePath} ${error.message}`)
}
