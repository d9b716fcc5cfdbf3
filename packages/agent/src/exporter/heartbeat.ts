import { LEASES, type Lease, PUBLISHER_LEASE_NAME } from '@isthmus/api'
import { type ClusterClient, isNotFound } from '@isthmus/kube'
import { microTime } from '../timestamps.ts'

/** How often the publisher's Lease is renewed, and after how long without renewal its readers doubt it. */
export const HEARTBEAT_MS = 10_000
export const HEARTBEAT_DURATION_SECONDS = 40

export interface HeartbeatOptions {
  readonly client: Pick<ClusterClient, 'get' | 'patch' | 'create'>
  readonly namespace: string
  readonly clusterId: string
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
    this.#timer ??= setInterval(() => this.#beat(), HEARTBEAT_MS)
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
      })
  }

  /** Made if it is not there. */
  async #renew(): Promise<void> {
    const { client, namespace, clusterId, clock } = this.#options
    const { signal } = this.#stopping
    const spec = {
      holderIdentity: clusterId,
      leaseDurationSeconds: HEARTBEAT_DURATION_SECONDS,
      renewTime: microTime(clock()),
    }
    try {
      await client.patch(LEASES, PUBLISHER_LEASE_NAME, namespace, { spec }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const lease: Lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name: PUBLISHER_LEASE_NAME },
        spec,
      }
      await client.create(LEASES, lease, { signal })
    }
  }
}
