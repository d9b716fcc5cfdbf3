import type { StoredObject } from '../registry/definition.ts'
import { type FieldError, forbidden } from '../registry/field-error.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { equalJson } from '../rest/json.ts'
import { builtIn } from './built-in.ts'
import { fillWorkload, SCALE, specOf, statusNumber, TEMPLATE_COLUMNS, workloadErrors } from './workload.ts'

interface UpdateStrategy {
  type?: string
  rollingUpdate?: { partition?: number }
}

const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

export const statefulSets = builtIn({
  group: 'apps',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  hasGeneration: true,
  status: true,
  scale: SCALE,
  emptyObject: {
    spec: {
      selector: null,
      serviceName: '',
      template: { metadata: {}, spec: { containers: null } },
      updateStrategy: {},
    },
    status: { replicas: 0, availableReplicas: 0 },
  },
  columns: [
    NAME_COLUMN,
    column(
      'Ready',
      'Number of the pod with ready state',
      o => `${statusNumber('readyReplicas')(o)}/${specOf(o).replicas ?? 0}`,
    ),
    AGE_COLUMN,
    ...TEMPLATE_COLUMNS,
  ],
  rules: {
    fill(object) {
      const { spec } = fillWorkload(object)
      spec.replicas ??= 1
      spec.podManagementPolicy ??= 'OrderedReady'
      const strategy = (spec.updateStrategy ?? {}) as UpdateStrategy
      strategy.type ??= 'RollingUpdate'
      if (strategy.type === 'RollingUpdate')
        strategy.rollingUpdate = { partition: 0, ...strategy.rollingUpdate }
      spec.updateStrategy = strategy
      spec.revisionHistoryLimit ??= 10
      spec.persistentVolumeClaimRetentionPolicy = {
        whenDeleted: 'Retain',
        whenScaled: 'Retain',
        ...(spec.persistentVolumeClaimRetentionPolicy as object | undefined),
      }
    },
    prepare(object, old) {
      if (old === undefined) object.status = {}
      object.status = { replicas: 0, availableReplicas: 0, ...(object.status as object) }
    },
    validate(object, old) {
      // A selector that changes is among the fields that are refused below.
      const errors = workloadErrors(object, undefined)
      return old === undefined ? errors : [...errors, ...changeErrors(object, old)]
    },
  },
})

function changeErrors(object: StoredObject, old: StoredObject): FieldError[] {
  const fixed = ({ spec }: StoredObject) =>
    Object.fromEntries(Object.entries(spec as object).filter(([field]) => !MUTABLE.includes(field)))
  if (equalJson(fixed(object), fixed(old))) return []
  const names = MUTABLE.map(field => `'${field}'`)
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return [forbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)]
}
