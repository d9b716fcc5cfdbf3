/** Defaults of kinds that nothing here acts on but that bear a pod template, which clients compare with what they applied. */
import type { ResourceRules, StoredObject } from '../registry/definition.ts'
import type { FieldError } from '../registry/field-error.ts'
import { fillPodSpec } from './pod-defaults.ts'
import type { PodTemplate } from './pod-spec.ts'
import { podSpecErrors } from './pod-validation.ts'
import { fillWorkload, workloadErrors } from './workload.ts'

type Fields = Record<string, unknown>

/** Fills the template in `parent.template`. */
function fillTemplate(parent: Fields): PodTemplate {
  const template = (parent.template ?? {}) as Partial<PodTemplate>
  template.metadata ??= {}
  template.spec ??= {} as PodTemplate['spec']
  fillPodSpec(template.spec)
  parent.template = template
  return template as PodTemplate
}

const specOf = (object: StoredObject): Fields => {
  object.spec ??= {}
  return object.spec as Fields
}

export const podTemplateRules: ResourceRules = {
  fill: object => void fillTemplate(object),
  validate: object => templateErrors(object, 'template'),
}

const templateErrors = (parent: Fields, at: string): FieldError[] =>
  podSpecErrors((parent.template as PodTemplate).spec, `${at}.spec`)

export const daemonSetRules: ResourceRules = {
  fill(object) {
    const { spec } = fillWorkload(object)
    const strategy = (spec.updateStrategy ?? {}) as Fields
    strategy.type ??= 'RollingUpdate'
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate = {
        maxUnavailable: 1,
        maxSurge: 0,
        ...(strategy.rollingUpdate as object | undefined),
      }
    }
    spec.updateStrategy = strategy
    spec.revisionHistoryLimit ??= 10
  },
  prepare(object, old) {
    if (old !== undefined) return
    object.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }
  },
  validate: workloadErrors,
}

/** Its selector is a plain map, and the template's labels unless said. */
export const replicationControllerRules: ResourceRules = {
  fill(object) {
    const spec = specOf(object)
    const labels = fillTemplate(spec).metadata?.labels
    spec.replicas ??= 1
    if (labels === undefined) return
    spec.selector ??= { ...labels }
    object.metadata.labels ??= { ...labels }
  },
  prepare(object, old) {
    if (old === undefined) object.status = { replicas: 0 }
  },
  validate: object => templateErrors(specOf(object), 'spec.template'),
}

export const jobRules: ResourceRules = {
  fill(object) {
    fillJobSpec(specOf(object))
  },
  validate: object => templateErrors(specOf(object), 'spec.template'),
  prepare(object, old) {
    if (old === undefined) object.status = {}
  },
}

function fillJobSpec(spec: Fields): void {
  const isIndexed = spec.completionMode === 'Indexed'
  if (spec.parallelism === undefined && spec.completions === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.completionMode ??= isIndexed ? 'Indexed' : 'NonIndexed'
  spec.backoffLimit ??= 6
  spec.suspend ??= false
  spec.podReplacementPolicy ??= 'TerminatingOrFailed'
  fillTemplate(spec)
}

export const cronJobRules: ResourceRules = {
  fill(object) {
    const spec = specOf(object)
    spec.concurrencyPolicy ??= 'Allow'
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
    const template = (spec.jobTemplate ?? {}) as Fields
    template.metadata ??= {}
    template.spec ??= {}
    fillTemplate(template.spec as Fields)
    spec.jobTemplate = template
  },
  prepare(object, old) {
    if (old === undefined) object.status = {}
  },
}
