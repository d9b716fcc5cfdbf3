/**
 * Which addresses a playground uses. It owns one block, 127.<block>.0.0/16 and the pod addresses that
 * stand for the same listeners, 10.<block>.0.0/16, cut into sixteen parts of sixteen /24 each:
 *
 *     part i of 0..14   10.<block>.(16 i + n).0/24    pods of node n of cluster i, n of 0..7
 *                       127.<block>.(16 i + 8).0/21   Service IPs of cluster i
 *     part 15           127.<block>.255.254           held while the playground runs, see claim.ts
 */
export const FIRST_BLOCK = 64
export const LAST_BLOCK = 191
export const MAX_CLUSTERS = 15
export const MAX_NODES = 8

export interface ClusterAddresses {
  /** Disjoint from the pods of every cluster and from other clusters' Service IPs. */
  readonly serviceCIDR: string
  /** One /24 per node, in the nodes' order. */
  readonly podCIDRs: readonly string[]
}

/** The addresses of the cluster at `index` (0 to 14) with `nodes` (1 to 8) nodes. */
export function clusterAddresses(block: number, index: number, nodes: number): ClusterAddresses {
  if (index < 0 || index >= MAX_CLUSTERS || nodes < 1 || nodes > MAX_NODES) {
    throw new RangeError(`no addresses for cluster ${index} with ${nodes} nodes`)
  }
  const start = 16 * index
  return {
    serviceCIDR: `127.${block}.${start + 8}.0/21`,
    podCIDRs: Array.from({ length: nodes }, (_, node) => `10.${block}.${start + node}.0/24`),
  }
}

/** The address that a running playground of this block listens on. */
export function claimAddress(block: number): string {
  return `127.${block}.255.254`
}
