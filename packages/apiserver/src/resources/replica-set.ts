import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'
import {
  fillWorkload,
  SCALE,
  SELECTOR_COLUMN,
  specOf,
  statusNumber,
  TEMPLATE_COLUMNS,
  workloadErrors,
} from './workload.ts'

export const replicaSets = builtIn({
  group: 'apps',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  hasGeneration: true,
  status: true,
  scale: SCALE,
  selectableFields: { 'status.replicas': object => String(statusNumber('replicas')(object)) },
  emptyObject: {
    spec: { selector: null, template: { metadata: {}, spec: { containers: null } } },
    status: { replicas: 0 },
  },
  columns: [
    NAME_COLUMN,
    column('Desired', 'How many pods there should be.', o => specOf(o).replicas ?? 0, { type: 'integer' }),
    column('Current', 'How many pods there are.', statusNumber('replicas'), { type: 'integer' }),
    column('Ready', 'How many pods are ready.', statusNumber('readyReplicas'), { type: 'integer' }),
    AGE_COLUMN,
    ...TEMPLATE_COLUMNS,
    SELECTOR_COLUMN,
  ],
  rules: {
    fill(object) {
      fillWorkload(object).spec.replicas ??= 1
    },
    prepare(object, old) {
      if (old === undefined) object.status = { replicas: 0 }
      object.status = { replicas: 0, ...(object.status as object) }
    },
    validate: workloadErrors,
  },
})
