import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'
import { deadlineErrors, type Strategy, strategyErrors } from './deployment-validation.ts'
import {
  fillWorkload,
  SCALE,
  SELECTOR_COLUMN,
  specOf,
  statusNumber,
  TEMPLATE_COLUMNS,
  workloadErrors,
} from './workload.ts'

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
    column(
      'Up-to-date',
      'Total number of non-terminating pods targeted by this deployment that have the desired template spec.',
      statusNumber('updatedReplicas'),
      { type: 'integer' },
    ),
    column(
      'Available',
      'Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.',
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
    validate(object, old) {
      const { strategy = {}, progressDeadlineSeconds, minReadySeconds = 0 } = specOf(object)
      return [
        ...workloadErrors(object, old),
        ...strategyErrors(strategy as Strategy),
        ...deadlineErrors(progressDeadlineSeconds as number | undefined, minReadySeconds),
      ]
    },
  },
})
