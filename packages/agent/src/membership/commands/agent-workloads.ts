/** What in a cluster starts its agent, and would start it again when it has ended. */
import {
  errorOf,
  type KubernetesObject,
  type OwnerReference,
  PODS,
  type Pod,
  type ResourceType,
} from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { AGENT_NAME } from '../../install/objects.ts'
import { listIfServed } from './delete-objects.ts'
import { ERRORS } from './errors.ts'

export interface AgentWorkloadOptions {
  readonly client: ClusterClient
  readonly agentNamespace: string
  readonly clusterId: string
  /** What a command for the cluster begins with. */
  readonly kubectl: string
  readonly signal?: AbortSignal | undefined
}

interface Workload {
  readonly kind: string
  readonly name: string
}

/**
 * An agent that is told to leave ends by itself. One in a Deployment would be started again, in a cluster that has
 * no account for it any more, and Isthmus deletes nothing of a user's.
 *
 * @throws IsthmusError ISTHMUS_AGENT_WOULD_RESTART, or the client's errors
 */
export async function nothingStartsAgents(options: AgentWorkloadOptions): Promise<void> {
  const { agentNamespace: namespace, clusterId, kubectl } = options
  const workloads = await agentWorkloads(options)
  if (workloads.length === 0) return
  const names = workloads.map(({ kind, name }) => `${kind} ${namespace}/${name}`)
  throw errorOf(ERRORS.agentWouldRestart, {
    clusterId,
    workloads: names.join(', '),
    commands: workloads.map(workload => `\n  ${kubectl} -n ${namespace} ${endOf(workload)}`).join(''),
  })
}

/** By the pods that have the agent's account: whatever kind of controller they are from. */
async function agentWorkloads(options: AgentWorkloadOptions): Promise<readonly Workload[]> {
  const { client, agentNamespace: namespace, signal } = options
  const pods = await listIfServed(client, PODS, { namespace, signal })
  const found = new Map<string, Workload>()
  for (const pod of pods.filter(isAgent)) {
    const workload = await topmost(options, pod, { kind: 'Pod', name: pod.metadata.name ?? '' })
    found.set(`${workload.kind} ${workload.name}`, workload)
  }
  return [...found.values()]
}

function isAgent({ metadata, spec, status }: Pod): boolean {
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  return spec.serviceAccountName === AGENT_NAME && metadata.deletionTimestamp === undefined && !hasEnded
}

/** Those that have an owner of their own, as a rule. */
const MIDDLE: Readonly<Record<string, ResourceType>> = {
  ReplicaSet: { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet', namespaced: true },
  Job: { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true },
}

async function topmost(
  options: AgentWorkloadOptions,
  object: KubernetesObject,
  itself: Workload,
): Promise<Workload> {
  const owner = object.metadata.ownerReferences?.find(isController)
  if (owner === undefined) return itself
  const { kind, name } = owner
  const type = MIDDLE[kind]
  const { client, agentNamespace, signal } = options
  const found = type && (await client.get(type, name, agentNamespace, { signal }).catch(absentIfNotFound))
  return found === undefined ? { kind, name } : topmost(options, found, { kind, name })
}

function isController({ controller }: OwnerReference): boolean {
  return controller === true
}

/** What can be scaled is kept. */
const SCALED: readonly string[] = ['Deployment', 'StatefulSet', 'ReplicaSet']

function endOf({ kind, name }: Workload): string {
  const resource = `${kind.toLowerCase()}/${name}`
  return SCALED.includes(kind) ? `scale ${resource} --replicas=0` : `delete ${resource}`
}
