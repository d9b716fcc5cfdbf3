import { LEASES, type Lease, PUBLISHER_LEASE_NAME } from '@isthmus/api'
import type { ClusterReading } from './facts.ts'
import { duration, isRenewed, silenceOf } from './heartbeat.ts'
import { broken, known, ok, type Step } from './verdict.ts'

/**
 * Invariant 7, last known good: what was made before goes on without its agent, and nothing new is made.
 * The heartbeat is renewed by the agent that leads, which is the one that writes everything else.
 */
export const agentStep: Step<ClusterReading> = {
  name: 'agent',
  judge: cluster =>
    known(cluster.heartbeat, lease => {
      if (lease !== undefined && isRenewed(lease, cluster.clocks))
        return ok(`runs: its Lease was renewed ${ago(lease, cluster.clocks)}`)
      const since =
        lease === undefined ? 'has never published' : `has been silent: renewed ${ago(lease, cluster.clocks)}`
      return broken(
        `the agent of ${cluster.clusterId} ${since}; what it made stays as it was`,
        `Start the agent of ${cluster.clusterId}, or see in its log why it cannot work.`,
        startAgent(cluster),
      )
    }),
}

/** A member's agent knows the rest from its own cluster. */
function startAgent({ kubectl }: ClusterReading): string {
  return kubectl.replace(/^kubectl/, 'isthmus agent')
}

function ago(lease: Lease, clocks: readonly number[]): string {
  const silence = silenceOf(lease, clocks)
  return silence === undefined
    ? `never (${LEASES.plural}/${PUBLISHER_LEASE_NAME})`
    : `${duration(silence)} ago`
}
