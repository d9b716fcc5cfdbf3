/** CustomResourceDefinitions as a resource: what is filled in, checked and shown of them. Their effect is custom-resources.ts. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { column, NAME_COLUMN } from '../representations/columns.ts'
import { builtinSchema } from '../schema/builtin/builtin-schema.ts'
import { CLEANUP_FINALIZER, CRDS, type CustomResourceDefinition, withCondition } from './crd.ts'
import { crdErrors } from './crd-validation.ts'

export const CUSTOM_RESOURCE_DEFINITION: ResourceDefinition = {
  ...CRDS,
  version: 'v1',
  kind: 'CustomResourceDefinition',
  singular: 'customresourcedefinition',
  listKind: 'CustomResourceDefinitionList',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  get schema() {
    return builtinSchema(CRDS.group, 'v1', 'CustomResourceDefinition')
  },
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  hasGeneration: true,
  status: true,
  statusWritesMetadata: false,
  deleteAnswersObject: true,
  selectableFields: {},
  columns: [
    NAME_COLUMN,
    column(
      'Created At',
      'When the definition was created, in UTC.',
      object => object.metadata.creationTimestamp,
      { type: 'date' },
    ),
  ],
  rules: {
    fill: object => fill(object as CustomResourceDefinition),
    prepare: (object, old) =>
      prepare(object as CustomResourceDefinition, old as CustomResourceDefinition | undefined),
    validate: (object, old) =>
      crdErrors(object as CustomResourceDefinition, old as CustomResourceDefinition | undefined),
    // Its objects go first; once it is marked, the finalizer alone says whether they have.
    holdsDeletion: object => object.metadata.deletionTimestamp === undefined,
    markDeleted,
  },
}

function fill({ spec }: CustomResourceDefinition): void {
  const { names } = spec
  if (names?.kind) {
    names.singular ||= names.kind.toLowerCase()
    names.listKind ||= `${names.kind}List`
  }
  spec.conversion ??= { strategy: 'None' }
}

/** Versions that objects may be stored in are remembered, until somebody takes them out of status. */
function prepare(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): void {
  const stored = crd.spec.versions?.find(version => version.storage)?.name
  if (old === undefined) {
    crd.status = {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      storedVersions: stored ? [stored] : [],
    }
    return
  }
  const versions = crd.status?.storedVersions ?? []
  if (crd.status && stored && !versions.includes(stored)) crd.status.storedVersions = [...versions, stored]
}

function markDeleted(object: StoredObject): void {
  const crd = object as CustomResourceDefinition
  const { metadata, status } = crd
  if (!metadata.finalizers?.includes(CLEANUP_FINALIZER))
    metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP_FINALIZER]
  if (!status) return
  const pending = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message:
      'CustomResourceDefinition marked for deletion; CustomResource deletion will occur as soon as possible',
  } as const
  status.conditions = withCondition(status.conditions, pending, metadata.deletionTimestamp as string)
}
