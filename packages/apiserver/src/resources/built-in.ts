import type { ResourceDefinition, Verb } from '../registry/definition.ts'
import { AGE_COLUMN, NAME_COLUMN } from '../representations/columns.ts'
import { builtinSchema } from '../schema/builtin/builtin-schema.ts'
import type { Schema } from '../schema/schema.ts'

export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/** What has to be said of a built-in resource; the rest is as for most of them. */
export type BuiltIn = Pick<ResourceDefinition, 'group' | 'kind' | 'plural'> &
  Partial<Omit<ResourceDefinition, 'schema' | 'custom'>>

/**
 * The definition of a built-in resource: version v1, namespaced, all verbs, no generation, no status,
 * columns Name and Age, unless said. Its schema is read when it is first needed.
 */
export function builtIn(resource: BuiltIn): ResourceDefinition {
  return {
    version: 'v1',
    singular: resource.kind.toLowerCase(),
    listKind: `${resource.kind}List`,
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: ALL_VERBS,
    hasGeneration: false,
    status: false,
    selectableFields: {},
    columns: [NAME_COLUMN, AGE_COLUMN],
    rules: {},
    ...resource,
    get schema(): Schema {
      return builtinSchema(resource.group, resource.version ?? 'v1', resource.kind)
    },
  }
}
