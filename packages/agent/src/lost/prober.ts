import type { EndpointSlice } from '@isthmus/api'
import { probeTargets } from '@isthmus/core'
import { type Probe, tcpProbe } from './tcp-probe.ts'

export interface ProberOptions {
  /** Imported slices of a member. */
  readonly slicesOf: (clusterId: string) => readonly EndpointSlice[]
  readonly clock: () => number
  readonly onProbe: (clusterId: string, isAnswered: boolean) => void
  /** What a round found may be news. */
  readonly onRound: () => void
  /** Default: a TCP connection. */
  readonly probe?: Probe | undefined
}

/** Endpoints of a member that are tried at a time. */
const SAMPLE = 3
/** How often, while a member is silent, and while it is not: only to learn whether probes can work from here. */
const EVERY_MS = 5_000
const EVERY_MS_WHILE_WELL = 60_000

interface Probed {
  round: number
  startedAt: number
  /** Endpoints of it have answered: before, a failing probe may mean that probes cannot work from here. */
  hasAnswered: boolean
  /** In the last round; undefined where it told nothing. */
  isAnswered: boolean | undefined
  running: Promise<void> | undefined
}

/** Tries TCP connections to a few endpoints of each member, now and then. */
export class Prober {
  readonly #options: ProberOptions
  readonly #members = new Map<string, Probed>()
  readonly #stopping = new AbortController()

  constructor(options: ProberOptions) {
    this.#options = options
  }

  /** Whether its endpoints answered when they were last tried; undefined where nothing can be said. */
  isAnswered(clusterId: string): boolean | undefined {
    return this.#members.get(clusterId)?.isAnswered
  }

  /** Endpoints answered before this process began, and then no longer. */
  recall(clusterId: string): void {
    const probed = this.#of(clusterId)
    probed.hasAnswered = true
    probed.isAnswered = false
  }

  /** Begins a round if it is time for one. */
  look(clusterId: string, isWell: boolean): void {
    const probed = this.#of(clusterId)
    // Whether probes work at all from here is to be known before they are needed.
    const due = probed.startedAt + (isWell && probed.hasAnswered ? EVERY_MS_WHILE_WELL : EVERY_MS)
    if (probed.running !== undefined || this.#options.clock() < due) return
    probed.startedAt = this.#options.clock()
    probed.running = this.#round(clusterId, probed).finally(() => {
      probed.running = undefined
    })
  }

  forget(clusterId: string): void {
    this.#members.delete(clusterId)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#members.values()].map(({ running }) => running))
  }

  async #round(clusterId: string, probed: Probed): Promise<void> {
    const { slicesOf, onProbe, onRound, probe = tcpProbe } = this.#options
    const targets = probeTargets(slicesOf(clusterId), SAMPLE, probed.round++)
    const { signal } = this.#stopping
    const answers = await Promise.all(targets.map(target => probe(target, signal)))
    if (signal.aborted) return
    if (answers.length === 0) {
      // Nothing to learn from: an answer of long ago must not pass for one of now.
      probed.isAnswered = undefined
      return
    }
    for (const answer of answers) onProbe(clusterId, answer)
    const isAnswered = answers.includes(true)
    probed.hasAnswered ||= isAnswered
    probed.isAnswered = probed.hasAnswered ? isAnswered : undefined
    onRound()
  }

  #of(clusterId: string): Probed {
    const known = this.#members.get(clusterId)
    if (known !== undefined) return known
    const probed: Probed = {
      round: 0,
      startedAt: Number.NEGATIVE_INFINITY,
      hasAnswered: false,
      isAnswered: undefined,
      running: undefined,
    }
    this.#members.set(clusterId, probed)
    return probed
  }
}
