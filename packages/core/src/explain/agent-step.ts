import type { Lease } from '@isthmus/api'
import { type ClusterReading, readValue } from './facts.ts'
import { duration, isRenewed, silenceOf } from './heartbeat.ts'
import { broken, known, ok, type Step } from './verdict.ts'

/**
 * Invariant 7, last known good: what was made before goes on without its agent, and nothing new is made.
 * The heartbeat is renewed by the agent that leads, which is the one that writes everything else.
 */
export const agentStep: Step<ClusterReading> = {
  name: 'agent',
  judge: cluster =>
    known(cluster.heartbeat, heartbeat => {
      const { clusterId, clocks, kubectl } = cluster
      if (heartbeat !== undefined && isRenewed(heartbeat, clocks))
        return ok(`runs: its Lease was renewed ${ago(heartbeat, clocks)}`)
      const leader = readValue(cluster.leader)
      const holder = leader?.spec?.holderIdentity
      if (leader !== undefined && holder && isRenewed(leader, clocks)) {
        return broken(
          `the agent of ${clusterId} that leads, ${holder}, publishes nothing${heartbeat === undefined ? '' : `: its heartbeat was renewed ${ago(heartbeat, clocks)}`}`,
          'See in its log what it cannot read or write.',
          `${kubectl} -n isthmus-exchange get leases,exportindexes`,
        )
      }
      const since =
        heartbeat === undefined
          ? 'has never published'
          : `does not run: its Lease was renewed ${ago(heartbeat, clocks)}`
      return broken(
        `the agent of ${clusterId} ${since}; what it made stays as it was`,
        `Start the agent of ${clusterId}, or see in its log why it cannot work.`,
        kubectl.replace(/^kubectl/, 'isthmus agent'),
      )
    }),
}

function ago(lease: Lease, clocks: readonly number[]): string {
  const silence = silenceOf(lease, clocks)
  return silence === undefined ? 'never' : `${duration(silence)} ago`
}
