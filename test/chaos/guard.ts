/** Watches the imports that nobody changed, all through a storm, by their own API server's store. */
import { ENDPOINT_SLICES, type EndpointSlice, LABEL_SERVICE_NAME, SERVICES, type Service } from '@isthmus/api'
import type { LocalObject } from '@isthmus/apiserver'
import { derivedServiceName } from '@isthmus/core'
import type { ChaosMember } from './member.ts'
import { STEADY, STEADY_SERVICES, steadyAddresses } from './workload.ts'

/** Endpoints and ClusterSetIPs of the steady services in one importer. */
export class Guard {
  readonly violations: string[] = []
  readonly #member: ChaosMember
  readonly #log: (line: string) => void
  readonly #wanted: ReadonlyMap<string, readonly string[]>
  /** Services that were once imported whole: from then on nothing of them may go. */
  readonly #whole = new Set<string>()
  readonly #addresses = new Map<string, string>()
  readonly #ends: (() => void)[] = []

  /** @param log is told at once of what must not be. */
  constructor(member: ChaosMember, members: number, log: (line: string) => void) {
    this.#member = member
    this.#log = log
    this.#wanted = new Map(
      STEADY_SERVICES.map((name, service) => [
        name,
        Array.from({ length: members }, (_, index) => steadyAddresses(index, service)).flat(),
      ]),
    )
    const { local } = member.server
    this.#ends.push(
      local.watch(ENDPOINT_SLICES, ({ object }) => this.#sliceChanged(object), { namespace: STEADY }),
      local.watch(SERVICES, ({ type, object }) => this.#serviceChanged(type, object), { namespace: STEADY }),
    )
    this.look()
  }

  /** Everything that is awaited is there. */
  get isWhole(): boolean {
    return this.#whole.size === this.#wanted.size
  }

  /** Its store goes back in time: what is lost by that is not the agent's doing. */
  forgive(): void {
    this.#whole.clear()
  }

  look(): void {
    for (const name of this.#wanted.keys()) this.#lookAt(name)
  }

  end(): void {
    for (const end of this.#ends) end()
  }

  #sliceChanged(object: LocalObject): void {
    const name = object.metadata.labels?.[LABEL_SERVICE_NAME]
    if (name !== undefined && this.#wanted.has(name)) this.#lookAt(name)
  }

  #lookAt(name: string): void {
    const there = new Set<string>()
    for (const slice of this.#member.server.local.list(
      ENDPOINT_SLICES,
      STEADY,
    ) as unknown as EndpointSlice[]) {
      if (slice.metadata.labels?.[LABEL_SERVICE_NAME] !== name) continue
      for (const { addresses, conditions } of slice.endpoints ?? [])
        if (conditions?.ready === true) for (const address of addresses) there.add(address)
    }
    const missing = (this.#wanted.get(name) ?? []).filter(address => !there.has(address))
    if (missing.length === 0) this.#whole.add(name)
    else if (this.#whole.delete(name))
      this.#violated(`${this.#member.id}: ${name} lost ${missing.join(', ')}`)
  }

  #violated(what: string): void {
    this.violations.push(what)
    this.#log(`VIOLATED: ${what}`)
  }

  #serviceChanged(type: string, object: LocalObject): void {
    const { metadata, spec } = object as unknown as Service
    const name = STEADY_SERVICES.find(service => derivedServiceName(STEADY, service) === metadata.name)
    const address = spec?.clusterIP
    if (name === undefined || address === undefined || type === 'DELETED') return
    const before = this.#addresses.get(name)
    this.#addresses.set(name, address)
    if (before !== undefined && before !== address)
      this.#violated(`${this.#member.id}: the ClusterSetIP of ${name} was ${before} and is ${address}`)
  }
}
