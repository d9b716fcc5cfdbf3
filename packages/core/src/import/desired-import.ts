import { isDeepStrictEqual } from 'node:util'
import {
  LABEL_MANAGED_BY,
  MANAGER,
  type ServiceImport,
  type ServiceImportSpec,
  type ServiceImportStatus,
} from '@isthmus/api'
import { type WantedCondition, withConditions } from '../conditions/conditions.ts'
import { familyOf } from '../merge/ip-families.ts'
import type { ImportedPlan } from './plan.ts'
import {
  ANNOTATION_EXPORTED_ANNOTATIONS,
  ANNOTATION_EXPORTED_LABELS,
  ANNOTATION_REFUSED_CLUSTERS,
  exportedMetadata,
} from './remembered-metadata.ts'

/** Reduces an object to the fields that this server's version of the CRD keeps. */
export type KeptFields = <T>(path: 'spec' | 'status', value: T) => T

/** Whether an agent made this ServiceImport: others are left alone. */
export function isOwnServiceImport(serviceImport: ServiceImport): boolean {
  return serviceImport.metadata.labels?.[LABEL_MANAGED_BY] === MANAGER
}

/** The ServiceImport that has to be made; `ips` are those of the derived Service, in its order. */
export function newServiceImport(
  namespace: string,
  name: string,
  plan: ImportedPlan,
  ips: readonly string[],
  kept: KeptFields,
): ServiceImport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: { namespace, name, labels: labelsOf(plan, {}), annotations: annotationsOf(plan, {}) },
    spec: kept('spec', specOf(plan, ips)),
  }
}

/** The ServiceImport with everything of ours as it should be; undefined where it is already. */
export function repairedServiceImport(
  existing: ServiceImport,
  plan: ImportedPlan,
  ips: readonly string[],
  kept: KeptFields,
): ServiceImport | undefined {
  const exported = exportedMetadata(existing)
  const labels = labelsOf(plan, without(existing.metadata.labels, exported.labels))
  const annotations = annotationsOf(plan, without(existing.metadata.annotations, exported.annotations))
  const spec = kept('spec', specOf(plan, ips))
  const same =
    isDeepStrictEqual(spec, existing.spec) &&
    isDeepStrictEqual(labels, existing.metadata.labels) &&
    isDeepStrictEqual(annotations, existing.metadata.annotations ?? {})
  return same ? undefined : { ...existing, metadata: { ...existing.metadata, labels, annotations }, spec }
}

/** The status to write over `existing`, or undefined where nothing differs. `now`: RFC 3339. */
export function nextImportStatus(
  existing: ServiceImport,
  plan: Pick<ImportedPlan, 'clusters'>,
  ready: Omit<WantedCondition, 'type' | 'observedGeneration'>,
  now: string,
  kept: KeptFields,
): ServiceImportStatus | undefined {
  const generation = existing.metadata.generation
  const wanted: WantedCondition = {
    type: 'Ready',
    ...ready,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  }
  const status = kept('status', {
    ...existing.status,
    clusters: plan.clusters.map(cluster => ({ cluster })),
    conditions: [...withConditions(existing.status?.conditions, [wanted], now)],
    endpointSliceObjects: 'Present' as const,
  })
  return isDeepStrictEqual(status, existing.status) ? undefined : status
}

/**
 * Headless imports have ipFamilies, for clients to read, and never ips. Nor has one whose families are not
 * this cluster's. ips and ipFamilies go together, one to one: an address of a family that is not imported any
 * more is left out, though the derived Service cannot give it back.
 */
function specOf({ spec, unsupported }: ImportedPlan, ips: readonly string[]): ServiceImportSpec {
  const imported = ips.filter(ip => spec.ipFamilies?.includes(familyOf(ip)))
  const hasAddresses = spec.type === 'ClusterSetIP' && !unsupported && imported.length > 0
  return hasAddresses ? { ...spec, ips: imported } : { ...spec }
}

function labelsOf(plan: ImportedPlan, others: Record<string, string>): Record<string, string> {
  return { ...others, ...plan.labels, [LABEL_MANAGED_BY]: MANAGER }
}

function annotationsOf(plan: ImportedPlan, others: Record<string, string>): Record<string, string> {
  const {
    [ANNOTATION_EXPORTED_LABELS]: _,
    [ANNOTATION_EXPORTED_ANNOTATIONS]: __,
    [ANNOTATION_REFUSED_CLUSTERS]: ___,
    ...rest
  } = others
  const labels = Object.keys(plan.labels).sort().join(',')
  const annotations = Object.keys(plan.annotations).sort().join(',')
  return {
    ...rest,
    ...plan.annotations,
    ...(labels === '' ? {} : { [ANNOTATION_EXPORTED_LABELS]: labels }),
    ...(annotations === '' ? {} : { [ANNOTATION_EXPORTED_ANNOTATIONS]: annotations }),
    ...(plan.refusedClusters.length === 0
      ? {}
      : { [ANNOTATION_REFUSED_CLUSTERS]: plan.refusedClusters.join(',') }),
  }
}

function without(
  map: Record<string, string> | undefined,
  taken: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !Object.hasOwn(taken, key)))
}
