import type { Lease } from '@isthmus/api'
import { type ClusterReading, readValue, whyUnread } from './facts.ts'
import { duration, isRenewed, silenceOf } from './heartbeat.ts'

/** How the agents of a cluster are, by the two Leases that they keep. */
export interface AgentHealth {
  readonly state: 'runs' | 'mute' | 'stopped' | 'unknown'
  readonly words: string
}

type Leases = Pick<ClusterReading, 'heartbeat' | 'leader' | 'clocks'>

/** Undefined: not there. */
interface Seen {
  readonly heartbeat: Lease | undefined
  readonly leader: Lease | undefined
  readonly clocks: readonly number[]
}

interface Rule {
  readonly applies: (seen: Seen) => boolean
  readonly health: (seen: Seen) => AgentHealth
}

const holderOf = (lease: Lease | undefined) => lease?.spec?.holderIdentity || undefined
const isHeard = (lease: Lease | undefined, clocks: readonly number[]) =>
  lease !== undefined && isRenewed(lease, clocks)

/**
 * The first that applies. An agent that leads renews both: its own Lease every few seconds, and the publisher's
 * every ten. One that stops gives its own back.
 */
const RULES: readonly Rule[] = [
  {
    applies: ({ heartbeat, leader }) => heartbeat === undefined && leader === undefined,
    health: () => ({ state: 'stopped', words: 'never ran' }),
  },
  {
    applies: ({ leader }) => leader !== undefined && holderOf(leader) === undefined,
    health: () => ({ state: 'stopped', words: 'stopped' }),
  },
  {
    applies: ({ leader, clocks }) => leader !== undefined && !isHeard(leader, clocks),
    health: ({ leader, clocks }) => ({ state: 'stopped', words: `silent for ${silence(leader, clocks)}` }),
  },
  {
    applies: ({ heartbeat, clocks }) => isHeard(heartbeat, clocks),
    health: ({ heartbeat, clocks }) => ({
      state: 'runs',
      words: `runs, heard of ${silence(heartbeat, clocks)} ago`,
    }),
  },
  {
    applies: ({ leader }) => leader !== undefined,
    health: ({ leader }) => ({ state: 'mute', words: `${holderOf(leader)} leads, and publishes nothing` }),
  },
  {
    applies: () => true,
    health: ({ heartbeat, clocks }) => ({
      state: 'stopped',
      words: `silent for ${silence(heartbeat, clocks)}`,
    }),
  },
]

export function agentHealth({ heartbeat, leader, clocks }: Leases): AgentHealth {
  const why = whyUnread(heartbeat)
  if (why !== undefined) return { state: 'unknown', words: why }
  const leases = { heartbeat: readValue(heartbeat), leader: readValue(leader), clocks }
  const rule = RULES.find(({ applies }) => applies(leases))
  return rule?.health(leases) ?? { state: 'unknown', words: '' }
}

function silence(lease: Lease | undefined, clocks: readonly number[]): string {
  const milliseconds = lease === undefined ? undefined : silenceOf(lease, clocks)
  return milliseconds === undefined ? 'ever' : duration(milliseconds)
}
