/** What to do about a CustomResourceDefinition that is there already. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { CustomResourceDefinition } from '@isthmus/api'

/** On the definitions of Isthmus: grows with every change of a file in packages/api/crds. */
export const LABEL_CRD_REVISION = 'isthmus.dev/crd-revision'

/** Without these fields a kind cannot be used; the agent copes with a definition that lacks others. */
const NEEDED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  ServiceExport: ['status.conditions'],
  ServiceImport: ['spec.type', 'spec.ports', 'spec.ips', 'status.clusters', 'status.conditions'],
  ClusterProperty: ['spec.value'],
  ClusterProfile: ['spec.clusterManager'],
}

export type DefinitionVerdict =
  | { kind: 'same' }
  | { kind: 'older' }
  /** Someone else's, or a newer Isthmus's: used as it is. */
  | { kind: 'usable'; note: string }
  | { kind: 'unusable'; shortcomings: string[] }

/** Judges the definition in the cluster by the one that this version of Isthmus brings. */
export function judgeDefinition(
  ours: CustomResourceDefinition,
  found: CustomResourceDefinition,
): DefinitionVerdict {
  const revision = found.metadata.labels?.[LABEL_CRD_REVISION]
  if (revision === undefined) {
    const shortcomings = shortcomingsOf(ours, found)
    return shortcomings.length > 0
      ? { kind: 'unusable', shortcomings }
      : { kind: 'usable', note: noteOn(ours, found) }
  }
  if (Number(revision) > Number(ours.metadata.labels?.[LABEL_CRD_REVISION])) {
    return { kind: 'usable', note: 'from a newer Isthmus' }
  }
  // Compared by the fields that we give: the server adds `conversion`.
  const same = Object.entries(ours.spec).every(([field, value]) =>
    isDeepStrictEqual(value, (found.spec as Record<string, unknown>)[field]),
  )
  return { kind: same ? 'same' : 'older' }
}

function shortcomingsOf(ours: CustomResourceDefinition, found: CustomResourceDefinition): string[] {
  const wanted = storageVersion(ours)
  const version = found.spec.versions.find(candidate => candidate.name === wanted.name && candidate.served)
  if (version === undefined) return [`does not serve ${wanted.name}`]
  if (found.spec.scope !== ours.spec.scope) return [`is ${found.spec.scope} instead of ${ours.spec.scope}`]
  const missing = (NEEDED_FIELDS[ours.spec.names.kind] ?? []).filter(field => !hasField(version, field))
  return [
    ...missing.map(field => `has no ${field} in ${wanted.name}`),
    ...(hasStatus(wanted) && !hasStatus(version) ? [`has no status subresource in ${wanted.name}`] : []),
  ]
}

function noteOn(ours: CustomResourceDefinition, found: CustomResourceDefinition): string {
  const wanted = storageVersion(ours)
  const version = found.spec.versions.find(candidate => candidate.name === wanted.name)
  const lacking = fieldsOf(wanted).filter(field => version && !hasField(version, field))
  const unserved = ours.spec.versions
    .map(({ name }) => name)
    .filter(name => !found.spec.versions.some(candidate => candidate.name === name && candidate.served))
  return [
    'not from Isthmus',
    ...(lacking.length > 0 ? [`it does not keep ${lacking.join(', ')}`] : []),
    ...(unserved.length > 0 ? [`it does not serve ${unserved.join(', ')}`] : []),
  ].join('; ')
}

type Version = CustomResourceDefinition['spec']['versions'][number]

interface Schema {
  properties?: Record<string, Schema>
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

function storageVersion(definition: CustomResourceDefinition): Version {
  const version = definition.spec.versions.find(candidate => candidate.storage)
  if (version === undefined) throw new TypeError(`${definition.metadata.name} has no storage version`)
  return version
}

function hasStatus(version: Version): boolean {
  return (version as { subresources?: { status?: object } }).subresources?.status !== undefined
}

/** `spec.…` and `status.…`, one level deep: `spec.ips`. */
function fieldsOf(version: Version): string[] {
  const schema = version.schema?.openAPIV3Schema as Schema | undefined
  return ['spec', 'status'].flatMap(part =>
    Object.keys(schema?.properties?.[part]?.properties ?? {}).map(field => `${part}.${field}`),
  )
}

/** Whether the server keeps a field, rather than prune it. */
function hasField(version: Version, path: string): boolean {
  let schema = version.schema?.openAPIV3Schema as Schema | undefined
  for (const name of path.split('.')) {
    if (schema?.['x-kubernetes-preserve-unknown-fields'] === true) return true
    schema = schema?.properties?.[name]
  }
  return schema !== undefined
}
