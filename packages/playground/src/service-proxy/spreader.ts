/** The state behind the choice for one proxied port: whose turn it is, and who was where. */
import { ClientAffinity } from './client-affinity.ts'
import { chooseEndpoint, type ProxyEndpoint } from './endpoint-choice.ts'
import type { ProxiedPort } from './proxied-ports.ts'

export class Spreader {
  #port: Pick<ProxiedPort, 'endpoints' | 'affinityMs'>
  #turn = 0
  readonly #affinity = new ClientAffinity()
  readonly #clock: () => number

  constructor(port: Pick<ProxiedPort, 'endpoints' | 'affinityMs'>, clock: () => number) {
    this.#port = port
    this.#clock = clock
  }

  update(port: Pick<ProxiedPort, 'endpoints' | 'affinityMs'>): void {
    this.#port = port
  }

  has(endpoint: string): boolean {
    return this.#port.endpoints.some(({ key }) => key === endpoint)
  }

  /** The endpoint for a new connection from `client`, an IP address; undefined if there is none. */
  next(client: string): ProxyEndpoint | undefined {
    const { endpoints, affinityMs } = this.#port
    if (affinityMs === undefined) return chooseEndpoint(endpoints, this.#turn++, undefined)
    const now = this.#clock()
    const previous = this.#affinity.endpointOf(client, now, affinityMs)
    const chosen = chooseEndpoint(endpoints, this.#turn, previous)
    if (chosen === undefined) return undefined
    if (chosen.key !== previous) this.#turn++
    this.#affinity.used(client, chosen.key, now)
    return chosen
  }
}
