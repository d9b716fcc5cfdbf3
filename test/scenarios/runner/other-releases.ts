/** Kinds as other releases define them. */
import { installObjects } from '@isthmus/agent'
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
  type ServiceSpec,
} from '@isthmus/api'
import type { ApiServer, LocalObject } from '@isthmus/apiserver'

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
