/** A pod's status as its kubelet reports it. Pure. */
import type { ContainerSnapshot, ContainerState } from './container.ts'
import type { KubeletPod, PodIdentity } from './pod.ts'

export interface PodCondition {
  type: string
  status: 'True' | 'False'
  lastTransitionTime: string
  observedGeneration?: number
  reason?: string
  message?: string
}

export interface ContainerStatus {
  name: string
  image: string
  imageID: string
  containerID: string
  state: ContainerState
  lastState: ContainerState
  ready: boolean
  started: boolean
  restartCount: number
}

export interface PodStatus {
  observedGeneration?: number
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  conditions: PodCondition[]
  hostIP?: string
  hostIPs?: { ip: string }[]
  podIP?: string
  podIPs?: { ip: string }[]
  startTime?: string
  containerStatuses?: ContainerStatus[]
  qosClass?: string
}

/** The status of a pod on its node. `now` and `startTime`: RFC 3339. */
export function runningStatus(
  pod: KubeletPod,
  { podIP, hostIP, uid }: PodIdentity,
  containers: readonly ContainerSnapshot[],
  startTime: string,
  now: string,
): PodStatus {
  const unready = pod.spec.containers.filter((_, n) => containers[n]?.ready !== true).map(({ name }) => name)
  const phase = phaseOf(containers)
  const readiness =
    unready.length === 0
      ? yes
      : phase === 'Succeeded'
        ? no('PodCompleted')
        : no('ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`)
  return {
    ...observed(pod),
    phase,
    conditions: conditions(pod, now, {
      PodReadyToStartContainers: yes,
      Initialized: yes,
      Ready: readiness,
      ContainersReady: readiness,
      PodScheduled: yes,
    }),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime,
    containerStatuses: pod.spec.containers.map(({ name, image = '' }, n) => {
      const { state = {}, lastState = {}, ready = false, restartCount = 0 } = containers[n] ?? {}
      return {
        name,
        image,
        imageID: '',
        containerID: `isthmus://${uid}/${name}/${restartCount}`,
        state,
        lastState,
        ready,
        started: state.running !== undefined,
        restartCount,
      }
    }),
    qosClass: 'BestEffort',
  }
}

/** The status of a pod for which no node has room. */
export function unschedulableStatus(pod: KubeletPod, message: string, now: string): PodStatus {
  return {
    ...observed(pod),
    phase: 'Pending',
    conditions: conditions(pod, now, { PodScheduled: no('Unschedulable', message) }),
    qosClass: 'BestEffort',
  }
}

function phaseOf(containers: readonly ContainerSnapshot[]): PodStatus['phase'] {
  if (containers.every(({ finished }) => finished)) {
    return containers.every(({ state }) => state.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed'
  }
  const started = ({ state, lastState }: ContainerSnapshot) =>
    state.waiting === undefined || lastState.terminated !== undefined
  return containers.every(started) ? 'Running' : 'Pending'
}

type Answer = Pick<PodCondition, 'status' | 'reason' | 'message'>

const yes: Answer = { status: 'True' }
const no = (reason: string, message?: string): Answer => ({
  status: 'False',
  reason,
  ...(message && { message }),
})

/** A condition that stays as it was keeps the time of its last transition. */
function conditions(pod: KubeletPod, now: string, answers: Record<string, Answer>): PodCondition[] {
  return Object.entries(answers).map(([type, answer]) => {
    const before = pod.status?.conditions?.find(condition => condition.type === type)
    const kept = before?.status === answer.status ? before.lastTransitionTime : undefined
    return { type, ...answer, ...observed(pod), lastTransitionTime: kept ?? now }
  })
}

function observed({ metadata }: KubeletPod): { observedGeneration?: number } {
  return metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }
}
