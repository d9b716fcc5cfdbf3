import { Counter, Gauge, type Registry } from 'prom-client'

export interface SilenceReading {
  readonly clusterId: string
  readonly phase: string
  readonly seconds: number
}

/** What an agent tells Prometheus of members that are lost, beside the state of the links. */
export class LostMetrics {
  readonly #transitions
  readonly #imports
  readonly #probes

  constructor(registry: Registry, read: () => readonly SilenceReading[]) {
    const registers = [registry]
    this.#transitions = new Counter({
      name: 'isthmus_link_transitions_total',
      help: 'How often the link to a peer came into a state',
      labelNames: ['peer', 'state'],
      registers,
    })
    this.#imports = new Counter({
      name: 'isthmus_lost_member_transitions_total',
      help: 'How often imports were told that a peer is lost or back, by reason of the condition',
      labelNames: ['peer', 'reason'],
      registers,
    })
    this.#probes = new Counter({
      name: 'isthmus_probes_total',
      help: 'TCP connections tried to endpoints of a peer',
      labelNames: ['peer', 'result'],
      registers,
    })
    new Gauge({
      name: 'isthmus_lost_member_phase',
      help: '1 for what a peer is now to services without a policy of their own',
      labelNames: ['peer', 'phase'],
      registers,
      collect() {
        this.reset()
        for (const { clusterId, phase } of read()) this.set({ peer: clusterId, phase }, 1)
      },
    })
    new Gauge({
      name: 'isthmus_link_silence_seconds',
      help: 'For how long nothing new was learned of a peer, in time that counts for the policy',
      labelNames: ['peer'],
      registers,
      collect() {
        this.reset()
        for (const { clusterId, seconds } of read()) this.set({ peer: clusterId }, seconds)
      },
    })
  }

  linkBecame(peer: string, state: string): void {
    this.#transitions.inc({ peer, state })
  }

  importTold(peer: string, reason: string): void {
    this.#imports.inc({ peer, reason })
  }

  probed(peer: string, isAnswered: boolean): void {
    this.#probes.inc({ peer, result: isAnswered ? 'answered' : 'failed' })
  }
}
