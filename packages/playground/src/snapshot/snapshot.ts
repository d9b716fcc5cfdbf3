/** The state of a playground as a person looks at it: plain data, for the live view and the control socket. */
import type { ExportStatus, ImportStatus, LinkStatus } from '@isthmus/agent'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  LABEL_SERVICE_NAME,
  LABEL_SOURCE_CLUSTER,
  PODS,
} from '@isthmus/api'
import type { Cluster, ClusterState } from '../cluster/cluster.ts'
import { listLocally } from '../cluster/local-objects.ts'
import type { ClusterAddress } from '../home/playground-state.ts'

export interface PlaygroundSnapshot {
  readonly clusters: readonly ClusterSnapshot[]
}

export interface ClusterSnapshot extends Partial<Pick<ClusterAddress, 'server' | 'dns'>> {
  readonly name: string
  readonly state: ClusterState
  readonly ready: boolean
  /** Why it is not ready, and what does not work: a line each. */
  readonly reasons: readonly string[]
  readonly pods: ReadyCount
  /** To the other members; empty while the cluster is stopped, as are exports and imports. */
  readonly links: readonly LinkStatus[]
  readonly exports: readonly ExportStatus[]
  readonly imports: readonly ImportSnapshot[]
}

export interface ImportSnapshot extends ImportStatus {
  /** Endpoints that this cluster has of each source cluster, by name. */
  readonly endpoints: readonly (ReadyCount & { readonly cluster: string })[]
}

export interface ReadyCount {
  readonly ready: number
  readonly total: number
}

export function snapshotOf(cluster: Cluster): ClusterSnapshot {
  const { name, state, address } = cluster
  const status = cluster.agent?.status()
  const problems = proxyProblems(cluster)
  const running = state === 'running'
  return {
    name,
    state,
    ...(address && { server: address.server, dns: address.dns }),
    ready: running && status?.ready === true && problems.length === 0,
    reasons: running
      ? [...(status?.reasons ?? [whyNoAgent(cluster)]), ...problems]
      : [`the cluster is ${state}`],
    pods: running ? countPods(cluster) : { ready: 0, total: 0 },
    links: status?.links ?? [],
    exports: status?.exports ?? [],
    imports: status === undefined ? [] : withEndpoints(cluster, status.imports),
  }
}

function whyNoAgent({ identity }: Cluster): string {
  return identity === undefined
    ? 'it is not a member of a ClusterSet: no agent runs'
    : 'the agent has not started yet'
}

function countPods({ apiServer }: Cluster): ReadyCount {
  const pods = listLocally(apiServer.local, PODS)
  const ready = pods.filter(({ status }) =>
    status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True'),
  )
  return { ready: ready.length, total: pods.length }
}

function withEndpoints({ apiServer }: Cluster, imports: readonly ImportStatus[]): ImportSnapshot[] {
  const counts = new Map<string, Map<string, { ready: number; total: number }>>()
  for (const { metadata, endpoints } of listLocally<EndpointSlice>(apiServer.local, ENDPOINT_SLICES)) {
    const service = metadata.labels?.[LABEL_SERVICE_NAME]
    const source = metadata.labels?.[LABEL_SOURCE_CLUSTER]
    if (service === undefined || source === undefined) continue
    const key = `${metadata.namespace}/${service}`
    const bySource = counts.get(key) ?? new Map<string, { ready: number; total: number }>()
    const count = bySource.get(source) ?? { ready: 0, total: 0 }
    for (const { conditions } of endpoints ?? []) {
      count.total++
      if (conditions?.ready ?? true) count.ready++
    }
    counts.set(key, bySource.set(source, count))
  }
  return imports.map(one => ({
    ...one,
    endpoints: [...(counts.get(one.key) ?? [])]
      .map(([cluster, count]) => ({ cluster, ...count }))
      .sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
  }))
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens on this port of every address',
  EACCES: 'this user may not listen on ports below the system’s limit (net.ipv4.ip_unprivileged_port_start)',
}

function proxyProblems({ proxy }: Cluster): string[] {
  return (proxy?.ports() ?? []).flatMap(({ service, key, error }) =>
    error === undefined
      ? []
      : [`${service} is not served on ${key}: ${LISTEN_PROBLEMS[error.code ?? ''] ?? error.message}`],
  )
}
