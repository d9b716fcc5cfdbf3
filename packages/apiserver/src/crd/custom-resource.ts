/** The resource that a CustomResourceDefinition defines, in one of its versions. */
import type { Conversion, ResourceDefinition, ResourceRules, StoredObject } from '../registry/definition.ts'
import { equalJson } from '../rest/json.ts'
import { applyDefaults } from '../schema/default.ts'
import { prune } from '../schema/prune.ts'
import type { Schema } from '../schema/schema.ts'
import { validateSchema } from '../schema/validate.ts'
import { failure } from '../status/status.ts'
import { CRDS, type CrdVersion, type CustomResourceDefinition } from './crd.ts'
import { parseJsonPath } from './json-path.ts'
import { printerColumns } from './printer-columns.ts'
import { withNames, withTypeAndMetadata } from './resource-schema.ts'

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const

/** Definitions of all served versions. */
export function customResources(crd: CustomResourceDefinition): ResourceDefinition[] {
  return crd.spec.versions.filter(version => version.served).map(version => customResource(crd, version))
}

function customResource(crd: CustomResourceDefinition, version: CrdVersion): ResourceDefinition {
  const { group, scope, names } = crd.spec
  const { subresources = {} } = version
  const declared = version.schema?.openAPIV3Schema ?? {}
  const schema = withTypeAndMetadata(declared)
  const warning = version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`
  return {
    group,
    version: version.name,
    plural: names.plural,
    kind: names.kind,
    singular: names.singular ?? names.kind.toLowerCase(),
    listKind: names.listKind ?? `${names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    schema,
    verbs: VERBS,
    custom: true,
    hasGeneration: true,
    status: subresources.status !== undefined,
    ...(subresources.scale ? { scale: subresources.scale } : {}),
    statusWritesMetadata: false,
    unconditionalUpdate: false,
    selectableFields: selectableFields(version),
    columns: printerColumns(version.additionalPrinterColumns),
    ...(version.deprecated ? { deprecationWarning: warning } : {}),
    conversion: conversion(crd, version, schema),
    rules: rules(crd, withNames(declared), schema, subresources.status !== undefined),
  }
}

/**
 * Strategy None: only apiVersion changes. What is written is pruned and completed by the schema of the stored version as
 * well, what is read by that of the version asked for.
 */
function conversion(
  { spec: { group, versions } }: CustomResourceDefinition,
  version: CrdVersion,
  schema: Schema,
): Conversion {
  const stored = versions.find(({ storage }) => storage) ?? version
  const storedSchema = stored === version ? schema : withTypeAndMetadata(stored.schema?.openAPIV3Schema ?? {})
  const inVersion = (object: StoredObject, { name }: CrdVersion, shape: Schema): StoredObject => {
    const apiVersion = `${group}/${name}`
    const renamed = object.apiVersion === apiVersion ? object : { ...object, apiVersion }
    return applyDefaults(shape, prune(shape, renamed))
  }
  return {
    toStored: object => inVersion(object, stored, storedSchema),
    fromStored: object => inVersion(object, version, schema),
  }
}

function rules(
  crd: CustomResourceDefinition,
  declared: Schema,
  schema: Schema,
  hasStatus: boolean,
): ResourceRules {
  return {
    fill: object => {
      const filled = applyDefaults(schema, object)
      if (filled === object) return
      for (const field of Object.keys(object)) if (!Object.hasOwn(filled, field)) delete object[field]
      Object.assign(object, filled)
    },
    prepare: (object, old, { storage }) => {
      if (old !== undefined) return
      // Asked for each time: serving it anew would end the watches that wait for its objects to go.
      if (storage.get(CRDS, undefined, crd.metadata.name)?.metadata.deletionTimestamp) throw terminating(crd)
      if (hasStatus) delete object.status
    },
    validate: (object, old, { subresource }) => validateSchema(declared, object, old, subresource),
    // Without a status subresource, status is a field as any other.
    ...(hasStatus
      ? {}
      : {
          generationGrows: (object, old) => !equalJson({ ...object, metadata: {} }, { ...old, metadata: {} }),
        }),
  }
}

const terminating = ({ spec: { group, names } }: CustomResourceDefinition) =>
  failure(405, 'MethodNotAllowed', 'create not allowed while custom resource definition is terminating', {
    group,
    kind: names.plural,
  })

function selectableFields({ selectableFields = [] }: CrdVersion): ResourceDefinition['selectableFields'] {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const find = parseJsonPath(jsonPath)
      return [jsonPath.replace(/^\./, ''), (object: StoredObject) => String(find(object)[0] ?? '')]
    }),
  )
}
