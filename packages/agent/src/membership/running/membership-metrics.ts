import { Gauge, type Registry } from 'prom-client'
import type { MembershipStatus } from '../../options.ts'

/** What a membership tells Prometheus, read from its status when it is scraped; nothing where there is none. */
export function membershipMetrics(registry: Registry, status: () => MembershipStatus | undefined): void {
  const registers = [registry]
  new Gauge({
    name: 'isthmus_registry_reachable',
    help: 'Whether the registry can be read, by the agent that leads',
    registers,
    collect() {
      const { reachable } = status()?.registry ?? {}
      if (reachable === undefined) this.remove()
      else this.set(Number(reachable))
    },
  })
  new Gauge({
    name: 'isthmus_registry_token_expiry_timestamp_seconds',
    help: 'When the token for the registry expires; it is renewed by half of its life',
    registers,
    collect() {
      const { expiresAt } = status()?.registry ?? {}
      if (expiresAt === undefined) this.remove()
      else this.set(Date.parse(expiresAt) / 1000)
    },
  })
  new Gauge({
    name: 'isthmus_credential_expiry_timestamp_seconds',
    help: 'When the token for the exchange of a peer expires; it is renewed by half of its life',
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset()
      for (const { clusterId, expiresAt } of status()?.peers ?? [])
        if (expiresAt !== undefined) this.set({ peer: clusterId }, Date.parse(expiresAt) / 1000)
    },
  })
  new Gauge({
    name: 'isthmus_membership_notices',
    help: 'What is held or does not work between this member and a peer, or the registry (no peer)',
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset()
      const { peers = [], notices = [] } = status() ?? {}
      for (const { clusterId, notices } of peers) this.set({ peer: clusterId }, notices.length)
      this.set({ peer: '' }, notices.length)
    },
  })
}
