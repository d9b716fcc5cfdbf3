/** What `kubectl get` shows of the kept kinds that bear a pod template. */
import type { Column, StoredObject } from '../registry/definition.ts'
import { AGE_COLUMN, age, column, duration, NAME_COLUMN } from '../representations/columns.ts'
import { formatSelector } from '../rest/scale.ts'
import type { LabelSelector } from '../selectors/label-selector.ts'
import { SELECTOR_COLUMN, specOf, statusNumber, TEMPLATE_COLUMNS } from './workload.ts'

interface Container {
  readonly name?: string
  readonly image?: string
}
interface JobSpec {
  readonly completions?: number
  readonly parallelism?: number
  readonly suspend?: boolean
  readonly selector?: LabelSelector
  readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } }
}
interface JobStatus {
  readonly succeeded?: number
  readonly startTime?: string
  readonly completionTime?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
}
interface CronJobSpec {
  readonly schedule?: string
  readonly timeZone?: string
  readonly suspend?: boolean
  readonly jobTemplate?: { readonly spec?: JobSpec }
}

const INTEGER = { type: 'integer' } as const
const WIDE = { priority: 1 } as const

const jobSpec = (object: StoredObject) => (object.spec ?? {}) as JobSpec
const jobStatus = (object: StoredObject) => (object.status ?? {}) as JobStatus
const cronJobSpec = (object: StoredObject) => (object.spec ?? {}) as CronJobSpec

/** A condition that holds, the first of the list, is what became of a Job. */
const JOB_OUTCOMES = ['Complete', 'Failed', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet']

function jobState(job: StoredObject): string {
  const { conditions = [] } = jobStatus(job)
  const holds = (type: string) => conditions.some(other => other.type === type && other.status === 'True')
  const outcome = JOB_OUTCOMES.find(holds)
  return outcome ?? (job.metadata.deletionTimestamp ? 'Terminating' : 'Running')
}

function completions(job: StoredObject): string {
  const { completions: wanted, parallelism = 0 } = jobSpec(job)
  const { succeeded = 0 } = jobStatus(job)
  if (wanted !== undefined) return `${succeeded}/${wanted}`
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobDuration(job: StoredObject, now: Date): string {
  const { startTime, completionTime } = jobStatus(job)
  if (startTime === undefined) return ''
  const end = completionTime === undefined ? now.getTime() : Date.parse(completionTime)
  return duration(Math.max(0, Math.floor((end - Date.parse(startTime)) / 1000)))
}

/** Containers, images and selector of a Job, however deep it stands in the object. */
const jobTemplateColumns = (spec: (object: StoredObject) => JobSpec | undefined): readonly Column[] => {
  const containers = (object: StoredObject) => spec(object)?.template?.spec?.containers ?? []
  return [
    column(
      'Containers',
      'What the containers of a pod are called.',
      o =>
        containers(o)
          .map(({ name = '' }) => name)
          .join(','),
      WIDE,
    ),
    column(
      'Images',
      'What the containers of a pod run.',
      o =>
        containers(o)
          .map(({ image = '' }) => image)
          .join(','),
      WIDE,
    ),
    column('Selector', 'Which pods belong to it.', o => formatSelector(spec(o)?.selector) || '<none>', WIDE),
  ]
}

export const JOB_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Status', 'What has become of it.', jobState),
  column('Completions', 'How many pods have succeeded, and how many have to.', completions),
  column('Duration', 'How long it took, or has taken so far.', jobDuration),
  AGE_COLUMN,
  ...jobTemplateColumns(jobSpec),
]

export const CRON_JOB_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Schedule', 'When it runs, as cron writes it.', o => cronJobSpec(o).schedule ?? ''),
  column('Timezone', 'The time zone of the schedule.', o => cronJobSpec(o).timeZone ?? '<none>'),
  column(
    'Suspend',
    'Whether no further runs are started.',
    // Go writes a boolean in a column of text so.
    o => (cronJobSpec(o).suspend ? 'True' : 'False'),
    { type: 'boolean' },
  ),
  column(
    'Active',
    'How many runs are under way.',
    o => (o.status as { active?: unknown[] } | undefined)?.active?.length ?? 0,
    INTEGER,
  ),
  column('Last Schedule', 'When a run was last started.', (o, now) => {
    const { lastScheduleTime } = (o.status ?? {}) as { lastScheduleTime?: string }
    return lastScheduleTime === undefined ? '<none>' : age(lastScheduleTime, now)
  }),
  AGE_COLUMN,
  ...jobTemplateColumns(object => cronJobSpec(object).jobTemplate?.spec),
]

export const DAEMON_SET_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Desired', 'Nodes that should run a pod.', statusNumber('desiredNumberScheduled'), INTEGER),
  column('Current', 'Nodes that do, of those that should.', statusNumber('currentNumberScheduled'), INTEGER),
  column('Ready', 'Nodes whose pod is ready.', statusNumber('numberReady'), INTEGER),
  column(
    'Up-to-date',
    'Nodes whose pod is of this template.',
    statusNumber('updatedNumberScheduled'),
    INTEGER,
  ),
  column('Available', 'Nodes whose pod is available.', statusNumber('numberAvailable'), INTEGER),
  column('Node Selector', 'Labels of the nodes that it is for.', object => {
    const { nodeSelector = {} } = specOf(object).template.spec as { nodeSelector?: Record<string, string> }
    return formatSelector({ matchLabels: nodeSelector }) || '<none>'
  }),
  AGE_COLUMN,
  ...TEMPLATE_COLUMNS,
  SELECTOR_COLUMN,
]

/** The selector of a ReplicationController is a plain map. */
const plainSelector = (object: StoredObject) =>
  formatSelector({ matchLabels: (specOf(object).selector ?? {}) as Record<string, string> }) || '<none>'

export const REPLICATION_CONTROLLER_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Desired', 'How many pods there should be.', o => specOf(o).replicas ?? 0, INTEGER),
  column('Current', 'How many pods there are.', statusNumber('replicas'), INTEGER),
  column('Ready', 'How many pods are ready.', statusNumber('readyReplicas'), INTEGER),
  AGE_COLUMN,
  ...TEMPLATE_COLUMNS,
  column('Selector', 'Which pods belong to it.', plainSelector, WIDE),
]
