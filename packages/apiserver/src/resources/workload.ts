/** What Deployments, ReplicaSets, StatefulSets and DaemonSets have in common: a selector and a pod template. */
import type { Column, StoredObject } from '../registry/definition.ts'
import { type FieldError, invalid, required } from '../registry/field-error.ts'
import { column } from '../representations/columns.ts'
import { equalJson } from '../rest/json.ts'
import { labelErrors } from '../rest/metadata.ts'
import { formatSelector } from '../rest/scale.ts'
import { type LabelSelector, matchesLabelSelector } from '../selectors/label-selector.ts'
import { fillPodSpec } from './pod-defaults.ts'
import type { PodTemplate } from './pod-spec.ts'
import { podSpecErrors } from './pod-validation.ts'

export interface Workload extends StoredObject {
  spec: {
    replicas?: number
    selector?: LabelSelector
    template: PodTemplate
    minReadySeconds?: number
    /** Of a StatefulSet. */
    volumeClaimTemplates?: readonly { metadata?: { name?: string } }[]
    [field: string]: unknown
  }
  status: Record<string, number | undefined>
}

export const SCALE = {
  specReplicasPath: 'spec.replicas',
  statusReplicasPath: 'status.replicas',
  labelSelectorPath: 'spec.selector',
} as const

/** The template's defaults, and an object for each struct that is there always. */
export function fillWorkload(object: StoredObject): Workload {
  const workload = object as Workload
  workload.spec = (object.spec ?? {}) as Workload['spec']
  const template: Partial<PodTemplate> = workload.spec.template ?? {}
  template.metadata ??= {}
  template.spec ??= {} as PodTemplate['spec']
  workload.spec.template = template as PodTemplate
  fillPodSpec(workload.spec.template.spec)
  return workload
}

export function workloadErrors(object: StoredObject, old: StoredObject | undefined): FieldError[] {
  const {
    replicas = 0,
    selector,
    template,
    minReadySeconds = 0,
    volumeClaimTemplates,
  } = (object as Workload).spec
  const labels = template.metadata?.labels
  const errors: FieldError[] = []
  const atLeastZero = 'must be greater than or equal to 0'
  if (replicas < 0) errors.push(invalid('spec.replicas', replicas, atLeastZero))
  if (minReadySeconds < 0) errors.push(invalid('spec.minReadySeconds', minReadySeconds, atLeastZero))
  if (selector === undefined) errors.push(required('spec.selector'))
  else if (!selector.matchLabels && !selector.matchExpressions?.length) {
    errors.push(invalid('spec.selector', selector, 'empty selector is invalid for deployment'))
  }
  if (!matchesLabelSelector(selector, labels)) {
    const field = 'spec.template.metadata.labels'
    errors.push(invalid(field, labels, '`selector` does not match template `labels`'))
  }
  errors.push(...labelErrors(labels, 'spec.template.metadata.labels'))
  if (template.spec.restartPolicy !== 'Always' && template.spec.restartPolicy !== undefined) {
    errors.push({
      reason: 'FieldValueNotSupported',
      field: 'spec.template.spec.restartPolicy',
      message: `Unsupported value: ${JSON.stringify(template.spec.restartPolicy)}: supported values: "Always"`,
    })
  }
  const claims = (volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '')
  errors.push(...podSpecErrors(template.spec, 'spec.template.spec', claims))
  const before = (old as Workload | undefined)?.spec.selector
  if (old !== undefined && !equalJson(before, selector)) {
    errors.push(invalid('spec.selector', selector, 'field is immutable'))
  }
  return errors
}

export const specOf = (object: StoredObject): Workload['spec'] => (object as Workload).spec

export const statusNumber =
  (field: string) =>
  (object: StoredObject): number =>
    (object as Workload).status?.[field] ?? 0

const wide = { priority: 1 }

/** Containers and images; then the selector. */
export const TEMPLATE_COLUMNS: readonly Column[] = [
  column(
    'Containers',
    'Names of each container in the template.',
    o =>
      containersOf(o)
        .map(c => c.name)
        .join(','),
    wide,
  ),
  column(
    'Images',
    'Images referenced by each container in the template.',
    o =>
      containersOf(o)
        .map(c => c.image ?? '')
        .join(','),
    wide,
  ),
]

export const SELECTOR_COLUMN: Column = column(
  'Selector',
  'Which pods belong to it.',
  object => formatSelector(specOf(object).selector) || '<none>',
  wide,
)

const containersOf = (object: StoredObject) => specOf(object).template.spec.containers ?? []
