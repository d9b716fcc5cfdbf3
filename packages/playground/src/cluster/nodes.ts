/** The nodes of a cluster as objects. */
import { release } from 'node:os'
import type { Node } from '@isthmus/api'
import { nodeAddress } from '../addresses/address-pool.ts'
import { timestamp } from '../kubelet/container.ts'
import type { KubeletNode } from '../kubelet/pod.ts'
import { NODE_CAPACITY } from '../kubelet/scheduler.ts'

/** `east-1` in zone `east-a`, `east-2` in `east-b`, and so on: one for each range of pod addresses. */
export function clusterNodes(cluster: string, podCIDRs: readonly string[]): KubeletNode[] {
  return podCIDRs.map((podCIDR, index) => ({
    name: `${cluster}-${index + 1}`,
    zone: `${cluster}-${String.fromCharCode(0x61 + index)}`,
    address: nodeAddress(podCIDR),
    podCIDR,
  }))
}

/** The Node object; its status is written by a second call, as a kubelet does. */
export function nodeObject(cluster: string, { name, zone, podCIDR }: KubeletNode): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/region': cluster,
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { podCIDR, podCIDRs: [podCIDR] },
  }
}

/** What its kubelet says of it: `status`. */
export function nodeStatus({ name, address }: KubeletNode): object {
  const now = timestamp()
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  })
  const capacity = { pods: String(NODE_CAPACITY) }
  return {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    capacity,
    allocatable: capacity,
    conditions: [condition('Ready', 'True', 'KubeletReady', 'the playground runs its pods')],
    nodeInfo: {
      kubeletVersion: 'v1.36.0-isthmus',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      containerRuntimeVersion: 'isthmus://process',
      kernelVersion: release(),
      osImage: 'Isthmus playground',
      bootID: '',
      machineID: name,
      systemUUID: name,
    },
  }
}
