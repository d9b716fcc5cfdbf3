/**
 * `/openapi/v3` and `/openapi/v2`: made from the registry when they are asked for, kept until it changes. A server that
 * nobody asks pays nothing.
 */
import { createHash } from 'node:crypto'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import { builtinTypeName } from '../schema/builtin/builtin-schema.ts'
import { Components, componentName, type Document } from './components.ts'
import { encodeGnostic } from './gnostic.ts'
import { pathsOf } from './paths.ts'

const INFO = { title: 'Kubernetes', version: 'v1.36.0' }

export class OpenApiDocuments {
  readonly #registry: Registry
  readonly #texts = new Map<string, string | Buffer>()
  #generation = -1

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** The list of documents, as JSON. */
  index(): string {
    return this.#cached('', () => {
      const paths: Record<string, Document> = {}
      for (const [path, definitions] of this.#groupVersions())
        paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(definitions)}` }
      return JSON.stringify({ paths })
    })
  }

  /** The document of a group and version, such as `apis/apps/v1`; undefined if there is none. */
  groupVersion(path: string): string | undefined {
    const definitions = this.#groupVersions().get(path)
    return definitions && this.#cached(path, () => JSON.stringify(document(definitions)))
  }

  /** All of it in the older format. */
  v2(): string {
    return this.#cached('v2', () => JSON.stringify(this.#v2()))
  }

  /** The same in protobuf. */
  v2Protobuf(): Buffer {
    return this.#cached('v2 protobuf', () => encodeGnostic(this.#v2()))
  }

  #v2(): Document {
    const components = new Components('#/definitions/')
    for (const definition of this.#registry.all()) components.add(definition)
    return { swagger: '2.0', info: INFO, paths: {}, definitions: components.schemas }
  }

  #groupVersions(): Map<string, ResourceDefinition[]> {
    const documents = this.#registry.all().map(definition => {
      const { group, version } = definition
      return [group === '' ? `api/${version}` : `apis/${group}/${version}`, definition] as const
    })
    const found = new Map<string, ResourceDefinition[]>()
    for (const [path, definition] of documents) found.set(path, [...(found.get(path) ?? []), definition])
    return found
  }

  #cached<T extends string | Buffer>(key: string, make: () => T): T {
    if (this.#generation !== this.#registry.generation) this.#texts.clear()
    this.#generation = this.#registry.generation
    const text = (this.#texts.get(key) as T | undefined) ?? make()
    this.#texts.set(key, text)
    return text
  }
}

function document(definitions: readonly ResourceDefinition[]): Document {
  const components = new Components('#/components/schemas/')
  for (const definition of definitions) components.add(definition)
  const paths = Object.assign({}, ...definitions.map(definition => pathsOf(definition, components)))
  return { openapi: '3.0.0', info: INFO, paths, components: { schemas: components.schemas } }
}

const hashes = new WeakMap<ResourceDefinition, string>()

/** Grows with what the document is made of: built-in types change only with this package. */
function hashOf(definitions: readonly ResourceDefinition[]): string {
  const hash = createHash('sha256')
  for (const definition of definitions) {
    let own = hashes.get(definition)
    if (own === undefined) {
      const { schema, verbs, status } = definition
      const shape = builtinTypeName(schema) ?? schema
      own = JSON.stringify([componentName(definition), verbs, status, shape])
      hashes.set(definition, own)
    }
    hash.update(own)
  }
  return hash.digest('hex').toUpperCase()
}
