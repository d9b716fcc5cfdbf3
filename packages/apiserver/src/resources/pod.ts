import type { Connection, ResourceDefinition, ResourceRules } from '../registry/definition.ts'
import { builtIn } from './built-in.ts'
import { POD_COLUMNS } from './pod-columns.ts'
import { fillOwnPodSpec } from './pod-defaults.ts'
import { qosClass } from './pod-quality.ts'
import type { Pod, PodSpec, Toleration } from './pod-spec.ts'
import { podSpecChangeErrors, podSpecErrors } from './pod-validation.ts'

const NODE_PROBLEMS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const STAYS_SECONDS = 300

export const PODS = { group: '', plural: 'pods' } as const

/** `connections` are binding, eviction and what reaches into a running pod. */
export const pods = (connections: readonly Connection[]): ResourceDefinition =>
  builtIn({
    ...PODS,
    kind: 'Pod',
    shortNames: ['po'],
    categories: ['all'],
    hasGeneration: true,
    status: true,
    deleteAnswersObject: true,
    views: [
      { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
      { name: 'resize', verbs: ['get', 'patch', 'update'] },
    ],
    connections,
    selectableFields: {
      'spec.nodeName': object => (object as Pod).spec.nodeName ?? '',
      'spec.restartPolicy': object => (object as Pod).spec.restartPolicy ?? '',
      'spec.schedulerName': object => (object as Pod).spec.schedulerName ?? '',
      'spec.serviceAccountName': object => (object as Pod).spec.serviceAccountName ?? '',
      'spec.hostNetwork': object => String((object as Pod).spec.hostNetwork ?? false),
      'status.phase': object => (object as Pod).status.phase ?? '',
      'status.podIP': object => (object as Pod).status.podIP ?? '',
      'status.nominatedNodeName': object => (object as Pod).status.nominatedNodeName ?? '',
    },
    columns: POD_COLUMNS,
    emptyObject: { spec: { containers: null }, status: {} },
    rules,
  })

const rules: ResourceRules = {
  fill(object) {
    const { spec } = Object.assign(object, { spec: object.spec ?? {} }) as unknown as { spec: PodSpec }
    spec.containers ??= []
    spec.serviceAccountName ??= spec.serviceAccount ?? 'default'
    fillOwnPodSpec(spec)
    spec.enableServiceLinks ??= true
  },
  prepare(object, old, { subresource }) {
    const pod = object as Pod
    if (old === undefined) {
      pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) }
      admit(pod.spec)
    } else if (subresource === '') keepView(pod.spec, (old as Pod).spec)
    else if (subresource === 'ephemeralcontainers') {
      const { ephemeralContainers } = pod.spec
      pod.spec = {
        ...structuredClone((old as Pod).spec),
        ...(ephemeralContainers ? { ephemeralContainers } : {}),
      }
    } else if (subresource === 'resize') pod.spec = withResources((old as Pod).spec, pod.spec)
    else if (subresource === 'status') {
      const { podIP } = pod.status ?? {}
      pod.status = { ...pod.status, qosClass: pod.status?.qosClass ?? qosClass(pod.spec) }
      if (podIP && !pod.status.podIPs?.length) pod.status.podIPs = [{ ip: podIP }]
    }
  },
  validate(object, old, { subresource }) {
    const { spec } = object as Pod
    const errors = podSpecErrors(spec, 'spec')
    return old !== undefined && subresource === ''
      ? [...errors, ...podSpecChangeErrors(spec, (old as Pod).spec)]
      : errors
  },
  gracePeriodSeconds(object, asked) {
    const { spec, status } = object as Pod
    const isOver = status.phase === 'Succeeded' || status.phase === 'Failed'
    if (!spec.nodeName || isOver) return 0
    const seconds = asked ?? spec.terminationGracePeriodSeconds ?? 30
    return seconds < 0 ? 1 : seconds
  },
}

/** What admission adds to every pod: how long it stays on a node in trouble, and its priority. */
function admit(spec: PodSpec): void {
  const tolerations: Toleration[] = spec.tolerations ?? []
  for (const key of NODE_PROBLEMS) {
    const isTolerated = tolerations.some(
      t => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect),
    )
    if (isTolerated) continue
    tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: STAYS_SECONDS })
  }
  spec.tolerations = tolerations
  spec.priority ??= 0
  spec.preemptionPolicy ??= 'PreemptLowerPriority'
}

/** What has a subresource of its own is not written by the object's replace. */
function keepView(next: PodSpec, old: PodSpec): void {
  delete next.ephemeralContainers
  if (old.ephemeralContainers) next.ephemeralContainers = structuredClone(old.ephemeralContainers)
}

function withResources(old: PodSpec, asked: PodSpec): PodSpec {
  const spec = structuredClone(old)
  for (const container of spec.containers) {
    const resources = asked.containers?.find(({ name }) => name === container.name)?.resources
    if (resources) container.resources = resources
  }
  return spec
}
