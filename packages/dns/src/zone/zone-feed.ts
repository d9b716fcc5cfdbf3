import { namesOfService } from '@isthmus/core'
import type { ZoneSource, ZoneSourceListener } from '../source/source.ts'
import type { Zone } from './zone.ts'

/**
 * Keeps a zone in step with a source. Changes are gathered for one turn of the event loop, so that a
 * service whose import and slices come together is made once.
 */
export class ZoneFeed implements ZoneSourceListener {
  readonly #source: ZoneSource
  readonly #zone: Zone
  readonly #now: () => number
  readonly #services = new Set<string>()
  readonly #namespaces = new Set<string>()
  #scheduled: NodeJS.Immediate | undefined
  #isStopped = false

  constructor(source: ZoneSource, zone: Zone, now: () => number) {
    this.#source = source
    this.#zone = zone
    this.#now = now
  }

  start(): void {
    this.#source.start(this)
  }

  /** Resolves when the zone has all that the source had when it was synced. */
  async whenSynced(): Promise<void> {
    await this.#source.whenSynced()
    if (!this.#isStopped) this.#flush()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearImmediate(this.#scheduled)
    await this.#source.stop()
  }

  serviceChanged(key: string): void {
    this.#services.add(key)
    this.#schedule()
  }

  namespaceChanged(name: string): void {
    this.#namespaces.add(name)
    this.#schedule()
  }

  #schedule(): void {
    if (!this.#isStopped) this.#scheduled ??= setImmediate(() => this.#flush())
  }

  #flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    for (const name of this.#namespaces) this.#zone.setNamespace(name, this.#source.hasNamespace(name))
    this.#namespaces.clear()
    for (const key of this.#services) {
      const service = this.#source.service(key)
      this.#zone.setService(key, service ? namesOfService(service.serviceImport, service.slices) : [])
    }
    this.#services.clear()
    this.#zone.commit(this.#now())
  }
}
