/** Which endpoint each client of one port was sent to last (sessionAffinity: ClientIP). */

/** Clients beyond this many push out the one that was away longest. */
const LIMIT = 10_000

export class ClientAffinity {
  /** Oldest use first. */
  readonly #clients = new Map<string, { readonly endpoint: string; readonly usedAt: number }>()

  /** The client's endpoint, unless its last connection is `timeoutMs` or longer ago. */
  endpointOf(client: string, now: number, timeoutMs: number): string | undefined {
    const known = this.#clients.get(client)
    return known !== undefined && now - known.usedAt < timeoutMs ? known.endpoint : undefined
  }

  used(client: string, endpoint: string, now: number): void {
    this.#clients.delete(client)
    this.#clients.set(client, { endpoint, usedAt: now })
    if (this.#clients.size <= LIMIT) return
    const oldest = this.#clients.keys().next().value
    if (oldest !== undefined) this.#clients.delete(oldest)
  }
}
