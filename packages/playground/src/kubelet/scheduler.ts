/** Which node a pod goes to. Pure. */
import type { Node } from '@isthmus/api'
import type { KubeletPod } from './pod.ts'

/** Pods per node, as kubelets have it by default. */
export const NODE_CAPACITY = 110

export type SchedulableNode = Node & { spec?: Node['spec'] & { unschedulable?: boolean } }

/** A pod that has a node. */
export interface PlacedPod {
  readonly node: string
  /** UID of the controller that owns it, if any. */
  readonly owner: string | undefined
}

export type Placement = { readonly node: string } | { readonly reason: string }

/** Pods with another scheduler, or that are held back by a gate, are not ours to place. */
export function mayBePlaced({ spec }: KubeletPod): boolean {
  const { nodeName, schedulerName = 'default-scheduler', schedulingGates = [] } = spec
  return !nodeName && schedulerName === 'default-scheduler' && schedulingGates.length === 0
}

/** The node with the fewest pods of the same owner, then with the fewest pods, then the first. */
export function place(
  pod: KubeletPod,
  nodes: readonly SchedulableNode[],
  placed: readonly PlacedPod[],
): Placement {
  const owner = ownerOf(pod)
  const wanted = Object.entries(pod.spec.nodeSelector ?? {})
  const fitting = nodes
    .filter(node => wanted.every(([label, value]) => node.metadata.labels?.[label] === value))
    .filter(node => node.spec?.unschedulable !== true)
    .map(({ metadata }) => {
      const here = placed.filter(({ node }) => node === metadata.name)
      const siblings = here.filter(one => owner !== undefined && one.owner === owner)
      return { node: metadata.name ?? '', pods: here.length, siblings: siblings.length }
    })
    .filter(({ pods }) => pods < NODE_CAPACITY)
    .sort((a, b) => a.siblings - b.siblings || a.pods - b.pods)
  const [best] = fitting
  if (best !== undefined) return { node: best.node }
  return {
    reason: `0/${nodes.length} nodes are available: none is schedulable, matches the pod's node selector and has fewer than ${NODE_CAPACITY} pods.`,
  }
}

export function ownerOf({ metadata }: KubeletPod): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
}
