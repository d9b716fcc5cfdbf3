import { ANNOTATION_CHANGED_AT, type ExportedEndpoints, type Lease } from '@isthmus/api'

/** What a peer says of time, for measuring alone: nothing is decided by another cluster's clock. */
export class PeerTime {
  readonly #clock: () => number
  /** Chunks that came or changed since the first list, and when they did in their own cluster. */
  readonly #changes = new Map<string, number>()
  #offset: number | undefined

  /** `clock`: our own, in milliseconds since the epoch. */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** How far our clock is ahead of the peer's, in milliseconds, the way of its last heartbeat included. */
  get offset(): number | undefined {
    return this.#offset
  }

  /** Its publisher has just renewed its Lease. */
  renewed(lease: Lease): void {
    const { renewTime } = lease.spec ?? {}
    // The peer's server may answer anything in its place.
    const offset = typeof renewTime === 'string' ? this.#clock() - Date.parse(renewTime) : Number.NaN
    if (!Number.isNaN(offset)) this.#offset = offset
  }

  /** A chunk has just come, changed, or gone. */
  changed(next: ExportedEndpoints | undefined, previous: ExportedEndpoints | undefined): void {
    const name = (next ?? previous)?.metadata.name ?? ''
    const changedAt = Date.parse(next?.metadata.annotations?.[ANNOTATION_CHANGED_AT] ?? '')
    if (Number.isNaN(changedAt)) this.#changes.delete(name)
    else this.#changes.set(name, changedAt)
  }

  /** When that chunk changed, by the peer's clock; told once for each change. */
  take(chunk: string): number | undefined {
    const changedAt = this.#changes.get(chunk)
    this.#changes.delete(chunk)
    return changedAt
  }
}
