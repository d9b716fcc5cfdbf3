/** Pods as controllers see them. */
import type { StoredObject } from '../registry/definition.ts'

export interface Pod extends StoredObject {
  spec: PodSpec
  status: PodStatus
}

export interface PodSpec {
  containers?: Container[]
  initContainers?: Container[]
  nodeName?: string
  hostname?: string
  subdomain?: string
  [field: string]: unknown
}

export interface Container {
  name: string
  restartPolicy?: string
  ports?: { name?: string; containerPort: number; protocol?: string }[]
  [field: string]: unknown
}

export interface PodStatus {
  phase?: string
  podIP?: string
  podIPs?: { ip: string }[]
  conditions?: { type: string; status: string; lastTransitionTime?: string }[]
}

export interface PodTemplate {
  metadata?: {
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: string[]
  }
  spec?: PodSpec
}

export const PODS = { group: '', plural: 'pods' } as const
export const NODES = { group: '', plural: 'nodes' } as const

export const readyCondition = ({ status }: Pod) => status.conditions?.find(({ type }) => type === 'Ready')

export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === 'True'

/** Ready for so long that it counts as available. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: Date): boolean {
  return millisecondsUntilAvailable(pod, minReadySeconds, now) === 0
}

/** undefined if the pod is not ready, so that nobody knows. */
export function millisecondsUntilAvailable(pod: Pod, minReadySeconds: number, now: Date): number | undefined {
  if (!isReady(pod)) return undefined
  const since = Date.parse(readyCondition(pod)?.lastTransitionTime ?? '')
  if (minReadySeconds === 0 || Number.isNaN(since)) return 0
  return Math.max(0, since + 1000 * minReadySeconds - now.getTime())
}

/** Has run to its end: it will not run again. */
export const isTerminal = ({ status }: Pod): boolean =>
  status.phase === 'Succeeded' || status.phase === 'Failed'

export const isTerminating = ({ metadata }: StoredObject): boolean => metadata.deletionTimestamp !== undefined

/** Counts towards the replicas of its controller. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isTerminating(pod)
