/** Whether a CustomResourceDefinition is one, in the words of kube-apiserver. */
import { isDeepStrictEqual } from 'node:util'
import { type FieldError, invalid, notSupported, required } from '../registry/field-error.ts'
import { label1035Errors, subdomainErrors } from '../registry/names.ts'
import type { CrdNames, CrdScale, CrdVersion, CustomResourceDefinition } from './crd.ts'
import { isTrue } from './crd.ts'
import { APPROVED_ANNOTATION, isProtectedGroup } from './crd-status.ts'
import { parseJsonPath } from './json-path.ts'
import { structuralErrors } from './structural-schema.ts'

export function crdErrors(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const { spec, metadata } = crd
  const expected = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`
  const name =
    metadata.name === expected
      ? []
      : [invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]
  return [
    ...name,
    ...groupErrors(crd),
    ...oneOf('spec.scope', spec.scope, ['Cluster', 'Namespaced']),
    ...namesErrors(spec.names ?? { plural: '', kind: '' }),
    ...versionsErrors(spec.versions ?? [], old?.spec.versions),
    ...conversionErrors(crd),
    ...(spec.preserveUnknownFields
      ? [
          invalid(
            'spec.preserveUnknownFields',
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
    ...storedVersionErrors(crd),
    ...(old ? immutableErrors(crd, old) : []),
  ]
}

function groupErrors({ spec: { group }, metadata }: CustomResourceDefinition): FieldError[] {
  if (!group) return [required('spec.group')]
  const errors = subdomainErrors(group).map(error => invalid('spec.group', group, error))
  if (errors.length === 0 && !group.includes('.'))
    errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  if (isProtectedGroup(group) && !metadata.annotations?.[APPROVED_ANNOTATION])
    errors.push(
      required(
        `metadata.annotations[${APPROVED_ANNOTATION}]`,
        `protected groups must have approval annotation "${APPROVED_ANNOTATION}", see https://github.com/kubernetes/enhancements/pull/1111`,
      ),
    )
  return errors
}

function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (!value) return [required(field)]
  return supported.includes(value) ? [] : [notSupported(field, value, supported)]
}

function namesErrors({
  plural,
  singular,
  shortNames = [],
  kind,
  listKind,
  categories = [],
}: CrdNames): FieldError[] {
  const label = (field: string, value: string) =>
    label1035Errors(value).map(error => invalid(`spec.names.${field}`, value, error))
  const mixed = (field: string, value: string) =>
    label1035Errors(value.toLowerCase()).map(error =>
      invalid(`spec.names.${field}`, value, `may have mixed case, but should otherwise match: ${error}`),
    )
  return [
    ...(plural ? label('plural', plural) : [required('spec.names.plural')]),
    ...(singular ? label('singular', singular) : [required('spec.names.singular')]),
    ...(kind ? mixed('kind', kind) : [required('spec.names.kind')]),
    ...(listKind ? mixed('listKind', listKind) : [required('spec.names.listKind')]),
    ...(kind && kind === listKind
      ? [invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same')]
      : []),
    ...shortNames.flatMap((value, i) => label(`shortNames[${i}]`, value)),
    ...categories.flatMap((value, i) => label(`categories[${i}]`, value)),
  ]
}

function versionsErrors(
  versions: readonly CrdVersion[],
  old: readonly CrdVersion[] | undefined,
): FieldError[] {
  const names = versions.map(({ name }) => name)
  const errors = versions.flatMap((version, i) => {
    // What is stored already was accepted once: a stricter check must not keep it from being changed elsewhere.
    const before = old?.find(({ name }) => name === version.name)
    return before && isDeepStrictEqual(before, version) ? [] : versionErrors(version, `spec.versions[${i}]`)
  })
  if (new Set(names).size < names.length)
    errors.push(invalid('spec.versions', names, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalid('spec.versions', names, 'must have exactly one version marked as storage version'))
  return errors
}

function versionErrors(version: CrdVersion, field: string): FieldError[] {
  const {
    name,
    deprecated,
    deprecationWarning,
    additionalPrinterColumns = [],
    selectableFields = [],
    subresources,
  } = version
  const schema = version.schema?.openAPIV3Schema
  return [
    ...label1035Errors(name ?? '').map(error => invalid(`${field}.name`, name ?? '', error)),
    ...(deprecationWarning !== undefined && !deprecated
      ? [
          invalid(
            `${field}.deprecationWarning`,
            deprecationWarning,
            'can only be set for deprecated versions',
          ),
        ]
      : []),
    ...(schema
      ? structuralErrors(schema, `${field}.schema.openAPIV3Schema`)
      : [required(`${field}.schema.openAPIV3Schema`, 'schemas are required')]),
    ...additionalPrinterColumns.flatMap((column, i) =>
      columnErrors(column, `${field}.additionalPrinterColumns[${i}]`),
    ),
    ...selectableFields.flatMap(({ jsonPath }, i) =>
      pathErrors(jsonPath, `${field}.selectableFields[${i}].jsonPath`),
    ),
    ...(subresources?.scale ? scaleErrors(subresources.scale, `${field}.subresources.scale`) : []),
  ]
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']

function columnErrors(
  column: NonNullable<CrdVersion['additionalPrinterColumns']>[number],
  field: string,
): FieldError[] {
  return [
    ...(column.name ? [] : [required(`${field}.name`)]),
    ...oneOf(`${field}.type`, column.type, COLUMN_TYPES),
    ...pathErrors(column.jsonPath, `${field}.jsonPath`),
  ]
}

function pathErrors(path: string | undefined, field: string): FieldError[] {
  if (!path) return [required(field)]
  try {
    parseJsonPath(path)
    return []
  } catch (error) {
    return [invalid(field, path, (error as Error).message)]
  }
}

function scaleErrors(
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: CrdScale,
  field: string,
): FieldError[] {
  const under = (name: string, path: string | undefined, roots: readonly string[]) => {
    if (!path) return [required(`${field}.${name}`)]
    const bad = roots.every(root => !path.startsWith(`${root}.`)) || path.includes('[')
    return bad ? [invalid(`${field}.${name}`, path, `should be a json path under ${roots.join(' or ')}`)] : []
  }
  return [
    ...under('specReplicasPath', specReplicasPath, ['.spec']),
    ...under('statusReplicasPath', statusReplicasPath, ['.status']),
    ...(labelSelectorPath ? under('labelSelectorPath', labelSelectorPath, ['.spec', '.status']) : []),
  ]
}

/** A webhook would have to be called in the middle of a read: this server does not. */
function conversionErrors({ spec: { conversion } }: CustomResourceDefinition): FieldError[] {
  return oneOf('spec.conversion.strategy', conversion?.strategy, ['None'])
}

function storedVersionErrors({ spec, status }: CustomResourceDefinition): FieldError[] {
  const names = (spec.versions ?? []).map(({ name }) => name)
  return (status?.storedVersions ?? []).flatMap((version, i) =>
    names.includes(version)
      ? []
      : [
          invalid(
            `status.storedVersions[${i}]`,
            version,
            `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
          ),
        ],
  )
}

function immutableErrors({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const fields: [string, unknown, unknown][] = [
    ['spec.group', spec.group, old.spec.group],
    ['spec.names.plural', spec.names?.plural, old.spec.names.plural],
  ]
  if (isTrue(old, 'Established'))
    fields.push(
      ['spec.scope', spec.scope, old.spec.scope],
      ['spec.names.kind', spec.names?.kind, old.spec.names.kind],
    )
  return fields
    .filter(([, value, before]) => value !== before)
    .map(([field, value]) => invalid(field, value, 'field is immutable'))
}
