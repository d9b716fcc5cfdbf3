import { setImmediate as turn } from 'node:timers/promises'
import { namesOfService } from '@isthmus/core'
import type { ZoneSource, ZoneSourceListener } from '../source/source.ts'
import { TimeSlice } from '../turns.ts'
import type { NamesReader } from './service-place.ts'
import type { Zone } from './zone.ts'

/**
 * Keeps a zone in step with a source. Changes are gathered for one turn of the event loop, so that a
 * service whose import and slices come together changes once, and taken up in slices, with answers between.
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
    while (this.#isBehind && !this.#isStopped) await turn()
    this.#zone.commit(this.#now())
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

  get #isBehind(): boolean {
    return this.#services.size > 0 || this.#namespaces.size > 0
  }

  #schedule(): void {
    if (!this.#isStopped) this.#scheduled ??= setImmediate(() => this.#take())
  }

  #take(): void {
    this.#scheduled = undefined
    const slice = new TimeSlice()
    for (const name of this.#namespaces) {
      if (slice.isOver) break
      this.#namespaces.delete(name)
      this.#zone.setNamespace(name, this.#source.hasNamespace(name))
    }
    for (const key of this.#services) {
      if (slice.isOver) break
      this.#services.delete(key)
      this.#zone.setService(key, this.#readerOf(key))
    }
    this.#zone.commit(this.#now())
    if (this.#isBehind) this.#schedule()
  }

  #readerOf(key: string): NamesReader | undefined {
    if (!this.#source.hasService(key)) return undefined
    return () => {
      const service = this.#source.service(key)
      return service ? namesOfService(service.serviceImport, service.slices) : []
    }
  }
}
