import { ANNOTATION_HELD_INDEXES, LEASES, type Lease, PUBLISHER_LEASE_NAME } from '@isthmus/api'
import { heldIndexesText } from '@isthmus/core'
import { type ClusterClient, isNotFound } from '@isthmus/kube'
import { microTime } from '../timestamps.ts'

/** How often the publisher's Lease is renewed, and after how long without renewal its readers doubt it. */
export const HEARTBEAT_MS = 10_000
export const HEARTBEAT_DURATION_SECONDS = 40

export interface HeartbeatOptions {
  readonly client: Pick<ClusterClient, 'get' | 'patch' | 'create'>
  readonly namespace: string
  readonly clusterId: string
  /** Peers whose indexes are held here, and the highest sequences seen: they are told with each beat. */
  readonly held: () => ReadonlyMap<string, number>
  readonly clock: () => number
  readonly onError: (error: unknown) => void
}

/** Keeps the publisher's Lease renewed: how peers tell a quiet member from a dead one. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> = Promise.resolve()
  #isBeating = false
  /** What was told last of indexes that are held here. */
  #told: string | undefined
  #isHurried = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /**
   * For how many milliseconds the Lease has not been renewed, as it is stored. Longer than a publisher is
   * ever silent: this one was away, or its API server was restored from a backup.
   */
  async silence(): Promise<number> {
    const { client, namespace, clock } = this.#options
    try {
      const { spec } = await client.get(LEASES, PUBLISHER_LEASE_NAME, namespace, {
        signal: this.#stopping.signal,
      })
      return clock() - Date.parse(spec?.renewTime ?? '')
    } catch (error) {
      if (isNotFound(error)) return Number.POSITIVE_INFINITY
      throw error
    }
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#isHurried = false
      this.#beat()
    }, HEARTBEAT_MS)
    this.#beat()
  }

  /**
   * What is held may be something else: told at once, once between two beats. A peer whose index goes up and down
   * all the time causes one more write in ten seconds.
   */
  heldChanged(): void {
    const isStopped = this.#timer === undefined || this.#stopping.signal.aborted
    if (isStopped || this.#isHurried || this.#isBeating) return
    if (heldIndexesText(this.#options.held()) === this.#told) return
    this.#isHurried = true
    this.#beat()
  }

  /** A beat under way is given up: the API server may be what does not answer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#beating
  }

  #beat(): void {
    // One that takes longer than the interval is not followed by a crowd of those that waited for it.
    if (this.#isBeating || this.#stopping.signal.aborted) return
    this.#isBeating = true
    this.#beating = this.#renew()
      .catch(error => {
        if (!this.#stopping.signal.aborted) this.#options.onError(error)
      })
      .finally(() => {
        this.#isBeating = false
        this.heldChanged()
      })
  }

  /** Made if it is not there. */
  async #renew(): Promise<void> {
    const { client, namespace, clusterId, held, clock } = this.#options
    const { signal } = this.#stopping
    const told = heldIndexesText(held())
    const spec = {
      holderIdentity: clusterId,
      leaseDurationSeconds: HEARTBEAT_DURATION_SECONDS,
      renewTime: microTime(clock()),
    }
    try {
      // Null takes away what another process told.
      const metadata = { annotations: { [ANNOTATION_HELD_INDEXES]: told ?? null } }
      await client.patch(LEASES, PUBLISHER_LEASE_NAME, namespace, { metadata, spec }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const lease: Lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          namespace,
          name: PUBLISHER_LEASE_NAME,
          ...(told === undefined ? {} : { annotations: { [ANNOTATION_HELD_INDEXES]: told } }),
        },
        spec,
      }
      await client.create(LEASES, lease, { signal })
    }
    this.#told = told
  }
}
