/** Schemas as OpenAPI v3 shows them: built-in types by reference, each once; custom kinds whole. */
import type { ResourceDefinition } from '../registry/definition.ts'
import { builtinType, builtinTypeName } from '../schema/builtin/builtin-schema.ts'
import type { Schema } from '../schema/schema.ts'
import { fieldDescription, typeDescription } from './descriptions.ts'

export type Document = Record<string, unknown>

const PACKAGES: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
}

/** Built-in numbers that may be texts, by format. */
const SCALARS: Readonly<Record<string, string>> = {
  'int-or-string': 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
}

/** `core.v1.Service` is published as `io.k8s.api.core.v1.Service`. */
function componentOfType(type: string): string {
  const [group = '', ...rest] = type.split('.')
  return [PACKAGES[group] ?? `io.k8s.api.${group}`, ...rest].join('.')
}

/** The name under which the schema of a kind is published: for custom kinds the group backwards. */
export function componentName({ group, version, kind, schema }: ResourceDefinition): string {
  const type = builtinTypeName(schema)
  return type ? componentOfType(type) : [...group.split('.').reverse(), version, kind].join('.')
}

/** Collects the schemas of kinds and of all types that they refer to. */
export class Components {
  readonly schemas: Record<string, Document> = {}
  readonly #prefix: string

  /** `prefix` of references, such as `#/components/schemas/`. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  ref(name: string): Document {
    return { $ref: this.#prefix + name }
  }

  /** A kind and its list. */
  add(definition: ResourceDefinition): void {
    const { group, version, kind, listKind, schema } = definition
    const name = componentName(definition)
    if (builtinTypeName(schema)) this.#published(schema)
    else this.schemas[name] = this.#whole(schema)
    this.schemas[name] = {
      ...this.schemas[name],
      'x-kubernetes-group-version-kind': [{ group, version, kind }],
    }
    this.schemas[`${name}List`] = {
      type: 'object',
      description: `A list of ${kind} objects.`,
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        items: { type: 'array', items: this.ref(name) },
        metadata: {
          type: 'object',
          description: 'What the list as a whole has: its version, and how to go on.',
        },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    }
  }

  /** A reference to a built-in type, which is published with it. */
  #published(schema: Schema): Document {
    const type = builtinTypeName(schema) ?? ''
    const name = componentOfType(type)
    if (!this.schemas[name]) {
      this.schemas[name] = {}
      const description = typeDescription(type)
      // The type itself, not as a field that refers to it has it.
      this.schemas[name] = {
        ...(description ? { description } : {}),
        ...this.#whole(builtinType(type), type),
      }
    }
    return this.ref(name)
  }

  #part(schema: Schema): Document {
    const scalar = schema['x-kubernetes-int-or-string'] ? SCALARS[schema.format ?? ''] : undefined
    if (scalar !== undefined) return this.#scalar(scalar, schema)
    if (!builtinTypeName(schema)) return this.#whole(schema)
    const { default: value, 'x-kubernetes-patch-strategy': strategy } = schema
    const reference = this.#published(schema)
    if (value === undefined && !strategy) return reference
    // Beside a reference nothing else is read: what the field adds stands around it.
    return {
      allOf: [reference],
      ...(value === undefined ? {} : { default: value }),
      ...(strategy ? { 'x-kubernetes-patch-strategy': strategy } : {}),
    }
  }

  /** By reference, so that `kubectl explain` tells a name and not `Object`. */
  #scalar(name: string, schema: Schema): Document {
    const { default: value, ...bare } = schema
    this.schemas[name] ??= intOrString(bare)
    return value === undefined ? this.ref(name) : { allOf: [this.ref(name)], default: value }
  }

  #whole(schema: Schema, type = ''): Document {
    const { properties, items, additionalProperties, ...rest } = schema
    const shown: Document = { ...rest }
    if (properties)
      shown.properties = Object.fromEntries(
        Object.entries(properties).map(([name, part]) => [
          name,
          this.#described(this.#part(part), fieldDescription(type, name)),
        ]),
      )
    if (items) shown.items = this.#part(items)
    if (additionalProperties !== undefined)
      shown.additionalProperties =
        typeof additionalProperties === 'object' ? this.#part(additionalProperties) : additionalProperties
    return shown
  }

  #described(part: Document, description: string | undefined): Document {
    if (!description) return part
    return part.$ref ? { description, allOf: [part] } : { description, ...part }
  }
}

function intOrString({ 'x-kubernetes-int-or-string': _, ...schema }: Schema): Document {
  const number = schema.format === 'quantity' ? 'number' : 'integer'
  return { ...schema, oneOf: [{ type: number }, { type: 'string' }] }
}
