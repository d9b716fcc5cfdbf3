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

interface Strategy {
  type?: string
  rollingUpdate?: { maxUnavailable?: string | number; maxSurge?: string | number }
}

export const deployments = builtIn({
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  hasGeneration: true,
  status: true,
  scale: SCALE,
  emptyObject: {
    spec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
    status: {},
  },
  columns: [
    NAME_COLUMN,
    column(
      'Ready',
      'Number of the pod with ready state',
      o => `${statusNumber('readyReplicas')(o)}/${specOf(o).replicas ?? 0}`,
    ),
    column('Up-to-date', 'How many pods are of the present template.', statusNumber('updatedReplicas'), {
      type: 'integer',
    }),
    column(
      'Available',
      'How many pods have been ready for minReadySeconds.',
      statusNumber('availableReplicas'),
      { type: 'integer' },
    ),
    AGE_COLUMN,
    ...TEMPLATE_COLUMNS,
    SELECTOR_COLUMN,
  ],
  rules: {
    fill(object) {
      const { spec } = fillWorkload(object)
      spec.replicas ??= 1
      const strategy = (spec.strategy ?? {}) as Strategy
      strategy.type ??= 'RollingUpdate'
      if (strategy.type === 'RollingUpdate') {
        strategy.rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...strategy.rollingUpdate }
      }
      spec.strategy = strategy
      spec.revisionHistoryLimit ??= 10
      spec.progressDeadlineSeconds ??= 600
    },
    prepare(object, old) {
      if (old === undefined) object.status = {}
    },
    validate: workloadErrors,
  },
})
