/** The columns of `kubectl get pods`. */
import type { Column, StoredObject } from '../registry/definition.ts'
import { AGE_COLUMN, age, column, NAME_COLUMN } from '../representations/columns.ts'
import type { ContainerState, ContainerStatus, Pod } from './pod-spec.ts'

const of = (cell: (pod: Pod, now: Date) => unknown) => (object: StoredObject, now: Date) =>
  cell(object as Pod, now)

/** What kubectl calls the status: the phase, or why it is not what it should be. */
function shownStatus({ metadata, spec, status }: Pod): string {
  let shown = status.reason || status.phase || ''
  if (spec.schedulingGates?.length) shown = 'SchedulingGated'
  const initializing = initStatus(spec.initContainers?.length ?? 0, status.initContainerStatuses ?? [])
  if (initializing !== undefined) shown = initializing
  else {
    let hasRunning = false
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      const reason = stateReason(container.state)
      if (reason !== undefined) shown = reason
      else if (container.ready && container.state?.running) hasRunning = true
    }
    if (shown === 'Completed' && hasRunning) shown = isReady(status) ? 'Running' : 'NotReady'
  }
  if (metadata.deletionTimestamp === undefined) return shown
  if (status.reason === 'NodeLost') return 'Unknown'
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? shown : 'Terminating'
}

function stateReason({ waiting, terminated }: ContainerState = {}): string | undefined {
  if (waiting?.reason) return waiting.reason
  if (terminated === undefined) return undefined
  if (terminated.reason) return terminated.reason
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`
}

/** The first init container that has not succeeded. */
function initStatus(count: number, statuses: readonly ContainerStatus[]): string | undefined {
  for (const [i, { state, started }] of statuses.entries()) {
    if (state?.terminated?.exitCode === 0 || started) continue
    if (state?.terminated) return `Init:${stateReason(state)}`
    const waiting = state?.waiting?.reason
    return waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${i}/${count}`
  }
  return undefined
}

const isReady = ({ conditions = [] }: Pod['status']): boolean =>
  conditions.some(({ type, status }) => type === 'Ready' && status === 'True')

function ready({ spec, status }: Pod): string {
  const running = (status.containerStatuses ?? []).filter(({ ready, state }) => ready && state?.running)
  return `${running.length}/${spec.containers.length}`
}

/** The number of restarts, and how long ago the last one was. */
function restarts({ status }: Pod, now: Date): string {
  const statuses = status.containerStatuses ?? []
  const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0)
  const times = statuses.map(({ lastState }) => lastState?.terminated?.finishedAt ?? '').sort()
  const last = times.at(-1)
  return count > 0 && last ? `${count} (${age(last, now)} ago)` : String(count)
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const met = gates.filter(gate =>
    status.conditions?.some(({ type, status }) => type === gate.conditionType && status === 'True'),
  )
  return `${met.length}/${gates.length}`
}

const wide = { priority: 1 }

export const POD_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Ready', 'The aggregate readiness state of this pod for accepting traffic.', of(ready)),
  column('Status', 'The aggregate status of the containers in this pod.', of(shownStatus)),
  column(
    'Restarts',
    'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    of(restarts),
  ),
  AGE_COLUMN,
  column(
    'IP',
    'Address of the pod.',
    of(({ status }) => status.podIPs?.[0]?.ip ?? status.podIP ?? '<none>'),
    wide,
  ),
  column(
    'Node',
    'Where the pod runs.',
    of(({ spec }) => spec.nodeName || '<none>'),
    wide,
  ),
  column(
    'Nominated Node',
    'Where the pod may run soon.',
    of(({ status }) => status.nominatedNodeName || '<none>'),
    wide,
  ),
  column('Readiness Gates', 'Conditions that count for readiness and are met.', of(readinessGates), wide),
]
