/** A CustomResourceDefinition (apiextensions.k8s.io/v1), as stored. */
import type { ResourceKey, StoredObject } from '../registry/definition.ts'
import type { Schema } from '../schema/schema.ts'

export const CRDS: ResourceKey = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' }

/** Keeps a deleted definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

export interface CustomResourceDefinition extends StoredObject {
  spec: CrdSpec
  status?: CrdStatus
}

export interface CrdSpec {
  group: string
  scope: string
  names: CrdNames
  versions: CrdVersion[]
  conversion?: { strategy?: string; webhook?: unknown }
  preserveUnknownFields?: boolean
}

export interface CrdNames {
  plural: string
  singular?: string
  shortNames?: string[]
  kind: string
  listKind?: string
  categories?: string[]
}

export interface CrdVersion {
  name: string
  served: boolean
  storage: boolean
  deprecated?: boolean
  deprecationWarning?: string
  schema?: { openAPIV3Schema?: Schema }
  subresources?: { status?: object; scale?: CrdScale }
  additionalPrinterColumns?: CrdColumn[]
  selectableFields?: { jsonPath: string }[]
}

export interface CrdScale {
  specReplicasPath: string
  statusReplicasPath: string
  labelSelectorPath?: string
}

export interface CrdColumn {
  name: string
  type: string
  format?: string
  description?: string
  priority?: number
  jsonPath: string
}

export interface CrdStatus {
  /** null until the first one is set: so Kubernetes writes it. */
  conditions: CrdCondition[] | null
  acceptedNames: CrdNames
  storedVersions: string[]
}

export interface CrdCondition {
  type: string
  status: 'True' | 'False'
  lastTransitionTime: string
  reason: string
  message: string
}

export const conditionOf = (crd: CustomResourceDefinition, type: string): CrdCondition | undefined =>
  crd.status?.conditions?.find(condition => condition.type === type)

export const isTrue = (crd: CustomResourceDefinition, type: string): boolean =>
  conditionOf(crd, type)?.status === 'True'

/** The conditions with one set; its time changes only with its status. */
export function withCondition(
  conditions: readonly CrdCondition[] | null | undefined,
  next: Omit<CrdCondition, 'lastTransitionTime'>,
  now: string,
): CrdCondition[] {
  const before = conditions?.find(({ type }) => type === next.type)
  const { type, status, reason, message } = next
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now
  const set: CrdCondition = { type, status, lastTransitionTime, reason, message }
  return before
    ? (conditions ?? []).map(condition => (condition === before ? set : condition))
    : [...(conditions ?? []), set]
}
