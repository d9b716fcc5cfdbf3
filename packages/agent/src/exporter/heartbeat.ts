import { LEASES, type Lease, PUBLISHER_LEASE_NAME } from '@isthmus/api'
import { type ClusterClient, isNotFound } from '@isthmus/kube'
import type { Logger } from 'pino'

/** How often the publisher's Lease is renewed, and after how long without renewal its readers doubt it. */
export const HEARTBEAT_MS = 10_000
export const HEARTBEAT_DURATION_SECONDS = 40

export interface HeartbeatOptions {
  readonly client: ClusterClient
  readonly namespace: string
  readonly clusterId: string
  readonly clock: () => number
  readonly log: Logger
}

/** Keeps the publisher's Lease renewed: how peers tell a quiet member from a dead one. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> = Promise.resolve()

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#beat(), HEARTBEAT_MS)
    this.#beat()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
  }

  #beat(): void {
    const { client, namespace, clusterId, clock, log } = this.#options
    this.#beating = this.#beating
      .then(() => beat(client, namespace, clusterId, clock()))
      .catch(error => log.warn({ err: error }, "the publisher's Lease was not renewed"))
  }
}

/** Renews the publisher's Lease once: made if it is not there. `now`: milliseconds. */
async function beat(client: ClusterClient, namespace: string, clusterId: string, now: number): Promise<void> {
  const renewTime = microTime(now)
  const spec = { holderIdentity: clusterId, leaseDurationSeconds: HEARTBEAT_DURATION_SECONDS, renewTime }
  try {
    await client.patch(LEASES, PUBLISHER_LEASE_NAME, namespace, { spec })
  } catch (error) {
    if (!isNotFound(error)) throw error
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: PUBLISHER_LEASE_NAME },
      spec,
    }
    await client.create(LEASES, lease)
  }
}

/** `metav1.MicroTime`: six digits after the point. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace(/Z$/, '000Z')
}
