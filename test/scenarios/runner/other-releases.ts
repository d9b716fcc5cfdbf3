/** Kinds as other releases define them. */
import { installObjects } from '@isthmus/agent'
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
  type ServiceSpec,
} from '@isthmus/api'
import type { ApiServer, LocalObject } from '@isthmus/apiserver'
import { until } from '../../fixtures/until.ts'

interface Schema {
  properties?: Record<string, Schema>
}

/**
 * The ServiceImport CRD as a release wrote it that knew fewer fields, and that did not come from here:
 * `status.endpointSliceObjects` left out, say.
 */
export function olderDefinition(withoutFields: readonly string[]): [ResourceType, LocalObject] {
  const name = `${SERVICE_IMPORTS.plural}.${SERVICE_IMPORTS.group}`
  const ours = installObjects()[0].find(({ object }) => object.metadata.name === name)?.object
  const definition = structuredClone(ours) as CustomResourceDefinition
  definition.metadata = { name }
  for (const { schema } of definition.spec.versions) {
    for (const field of withoutFields) removeField(schema?.openAPIV3Schema as Schema, field.split('.'))
  }
  return [CUSTOM_RESOURCE_DEFINITIONS, definition as unknown as LocalObject]
}

function removeField(schema: Schema | undefined, [first = '', ...rest]: readonly string[]): void {
  if (rest.length > 0) removeField(schema?.properties?.[first], rest)
  else delete schema?.properties?.[first]
}

const LIMITS = [
  'maxItems',
  'minItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minLength',
  'enum',
  'pattern',
]

/** The CRDs of an exchange as a member might have them that means ill: anything fits. */
export function withoutLimits(): readonly (readonly [ResourceType, LocalObject])[] {
  const names = [EXPORT_INDEXES, EXPORTED_SERVICES, EXPORTED_ENDPOINTS].map(
    ({ plural, group }) => `${plural}.${group}`,
  )
  return installObjects()[0].flatMap(({ object }) => {
    if (!names.includes(object.metadata.name ?? '')) return []
    const definition = structuredClone(object) as CustomResourceDefinition
    for (const { schema } of definition.spec.versions) removeLimits(schema?.openAPIV3Schema)
    return [[CUSTOM_RESOURCE_DEFINITIONS, definition as unknown as LocalObject] as const]
  })
}

function removeLimits(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const limit of LIMITS) {
    const value = (schema as Record<string, unknown>)[limit]
    // Not where a property has that name.
    if (typeof value !== 'object' || Array.isArray(value)) delete (schema as Record<string, unknown>)[limit]
  }
  for (const inner of Object.values(schema)) removeLimits(inner)
}

/** Makes an API server take anything into its exchange. Resolves when it does. */
export async function liftLimits({ local, registry }: ApiServer): Promise<void> {
  const types = [EXPORT_INDEXES, EXPORTED_SERVICES, EXPORTED_ENDPOINTS]
  const before = types.map(type => registry.preferred(type))
  for (const [type, definition] of withoutLimits())
    local.patch(type, undefined, definition.metadata.name ?? '', { spec: definition.spec } as never)
  await until('the limits are lifted', () => types.every((type, i) => registry.preferred(type) !== before[i]))
}

/** Makes an API server refuse values of trafficDistribution that came after its release. */
export function knowOnly({ registry }: ApiServer, values: readonly string[]): void {
  const services = registry.preferred(SERVICES)
  if (services === undefined) throw new Error('Services are not served')
  const { rules = {} } = services
  registry.register({
    ...services,
    rules: {
      ...rules,
      validate(object, old, context) {
        const value = (object.spec as ServiceSpec).trafficDistribution
        const errors = rules.validate?.(object, old, context) ?? []
        if (value === undefined || values.includes(value)) return errors
        const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${JSON.stringify(values)}`
        return [...errors, { reason: 'FieldValueNotSupported', field: 'spec.trafficDistribution', message }]
      },
    },
  })
}
