import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { AgentStatus, LinkStatus } from './options.ts'

/** What an agent tells Prometheus. Gauges are read from the status when they are scraped. */
export class AgentMetrics {
  readonly registry = new Registry()
  readonly #reconciles = new Counter({
    name: 'isthmus_reconciles_total',
    help: 'Reconciles that ended, by controller and outcome',
    labelNames: ['controller', 'outcome'],
    registers: [this.registry],
  })
  readonly #durations = new Histogram({
    name: 'isthmus_reconcile_duration_seconds',
    help: 'How long a reconcile took, its writes included',
    labelNames: ['controller'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  })
  readonly #queued = new Gauge({
    name: 'isthmus_queue_depth',
    help: 'Keys that waited when a reconcile last ended',
    labelNames: ['controller'],
    registers: [this.registry],
  })

  readonly #propagations = new Histogram({
    name: 'isthmus_propagation_seconds',
    help: "From a change in a peer's cluster, by its clock, to when it was stored here, by ours: see isthmus_link_clock_offset_seconds",
    labelNames: ['peer'],
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers: [this.registry],
  })
  readonly #writes = new Counter({
    name: 'isthmus_writes_total',
    help: 'Writes to the own cluster, by verb, resource and the code of the answer (0: none)',
    labelNames: ['verb', 'resource', 'code'],
    registers: [this.registry],
  })

  constructor(status: () => AgentStatus) {
    const gauge = (name: string, help: string, read: (status: AgentStatus) => number) =>
      new Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          this.set(read(status()))
        },
      })
    gauge('isthmus_leader', 'Whether this agent leads, of those of its cluster', ({ leading }) =>
      Number(leading),
    )
    gauge('isthmus_ready', 'Whether the agent is ready', ({ ready }) => Number(ready))
    gauge(
      'isthmus_exports',
      'ServiceExports that are valid',
      ({ exports }) => exports.filter(e => e.valid).length,
    )
    gauge('isthmus_imports', 'ServiceImports made by this agent', ({ imports }) => imports.length)
    gauge(
      'isthmus_imports_pending',
      'ServiceImports that are not Ready',
      ({ imports }) => imports.filter(i => !i.ready).length,
    )
    gauge(
      'isthmus_export_conflicts',
      'ServiceExports in conflict',
      ({ exports }) => exports.filter(e => e.conflict).length,
    )
    this.#perLink(status)
    this.#perRule(status)
  }

  reconciled(controller: string, outcome: string, durationMs: number, queued: number): void {
    this.#reconciles.inc({ controller, outcome })
    this.#durations.observe({ controller }, durationMs / 1000)
    this.#queued.set({ controller }, queued)
  }

  propagated(peer: string, ms: number): void {
    this.#propagations.observe({ peer }, ms / 1000)
  }

  /** 409 is a conflict: somebody else had written meanwhile. */
  written(verb: string, resource: string, code: number): void {
    this.#writes.inc({ verb, resource, code })
  }

  #perLink(status: () => AgentStatus): void {
    const registers = [this.registry]
    new Gauge({
      name: 'isthmus_link_state',
      help: '1 for the state that the link to a peer is in',
      labelNames: ['peer', 'state'],
      registers,
      collect() {
        this.reset()
        for (const { clusterId, state } of status().links) this.set({ peer: clusterId, state }, 1)
      },
    })
    const perPeer = (name: string, help: string, read: (link: LinkStatus) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ['peer'],
        registers,
        collect() {
          // A peer that is none any more has no number.
          this.reset()
          for (const link of status().links) this.set({ peer: link.clusterId }, read(link))
        },
      })
    perPeer(
      'isthmus_link_clock_offset_seconds',
      "How far our clock is ahead of a peer's, the way of its last heartbeat included",
      ({ clockOffset }) => (clockOffset ?? Number.NaN) / 1000,
    )
    perPeer('isthmus_link_services', 'Services that a peer exports', ({ services }) => services)
    perPeer(
      'isthmus_link_refusals',
      'Records of a peer, or parts of them, that are refused',
      ({ refusals }) => refusals,
    )
  }

  #perRule(status: () => AgentStatus): void {
    new Gauge({
      name: 'isthmus_refusals',
      help: 'What of the exports of a member is not used now, by the rule that refuses it',
      labelNames: ['member', 'rule'],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const { clusterId, rule, count } of status().refusals)
          this.inc({ member: clusterId, rule }, count)
      },
    })
  }
}
