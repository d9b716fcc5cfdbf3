import type { LinkStatus } from '@isthmus/agent'
import type { KubernetesObject, ResourceType } from '@isthmus/api'
import type { ServerAction } from './scenario.ts'

/** The clusters that a scenario runs on: the model's, embedded ones, or real ones. */
export interface Clusters {
  create(cluster: string, object: KubernetesObject): Promise<void>
  /** A merge patch of an object, or of its status. */
  patch(cluster: string, object: KubernetesObject, subresource?: string): Promise<void>
  delete(cluster: string, object: KubernetesObject): Promise<void>
  /** Of a namespace, or cluster-scoped ones. Empty where the kind is not served. */
  list(cluster: string, type: ResourceType, namespace?: string): Promise<readonly KubernetesObject[]>
  agent(cluster: string, action: 'stop' | 'start' | 'restart'): Promise<void>
  /** Its agent comes back under another cluster id, and all others are told so: each is started anew. */
  rename(cluster: string, clusterId: string): Promise<void>
  server(cluster: string, action: ServerAction): Promise<void>
  /** Moves all clocks, or waits. */
  clock(seconds: number): Promise<void>
  links(cluster: string): readonly LinkLine[]
  /** What the cluster's DNS says to `<name> <type>`, the name without the zone: records, or `NODATA`, `NXDOMAIN`. */
  answer(cluster: string, question: string, namespace: string): Promise<readonly string[] | string>
  /** How often, in milliseconds, what is expected is looked for. */
  readonly pollMs: number
}

export type LinkLine = Pick<LinkStatus, 'clusterId' | 'state'> & { readonly reason?: string }
