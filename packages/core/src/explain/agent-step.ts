import { agentHealth } from './agent-health.ts'
import type { ClusterReading } from './facts.ts'
import { broken, ok, type Step, unknown } from './verdict.ts'

/** Invariant 7, last known good: what was made before goes on without its agent, and nothing new is made. */
export const agentStep: Step<ClusterReading> = {
  name: 'agent',
  judge: cluster => {
    const { clusterId, kubectl } = cluster
    const { state, words } = agentHealth(cluster)
    if (state === 'unknown') return unknown(words)
    if (state === 'runs') return ok(words)
    if (state === 'mute') {
      return broken(
        `the agent of ${clusterId}: ${words}`,
        'See in its log what it cannot read or write.',
        `${kubectl} -n ${cluster.installedIn.exchangeNamespace} get leases,exportindexes`,
      )
    }
    return broken(
      `the agent of ${clusterId} does not run: ${words}; what it made stays as it was`,
      `Start the agent of ${clusterId}, or see in its log why it cannot work.`,
      kubectl.replace(/^kubectl/, 'isthmus agent'),
    )
  },
}
