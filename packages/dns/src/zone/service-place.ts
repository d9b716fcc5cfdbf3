import { type AddressRecord, areSameNames, type ZoneName, type ZoneRecord } from '@isthmus/core'
import type { PreparationContext } from '../message/prepared-answer.ts'
import { labelsOf } from '../message/wire-name.ts'
import { type NameHash, NameTable } from './name-table.ts'
import type { Place } from './place.ts'
import { ZoneEntry } from './zone-entry.ts'

/** Gives the names of a service as they are now. */
export type NamesReader = () => readonly ZoneName[]

export interface ServiceContext extends Pick<PreparationContext, 'zone' | 'ttl'> {
  readonly hash: NameHash
}

/**
 * A service with all names below it. They are made when the first of them is asked for after a change: until
 * then any number of changes costs nothing, and no question costs more than the one change before it would have.
 */
export class ServicePlace implements Place {
  /** `<svc>.<ns>.svc`. */
  readonly #name: string
  readonly #context: ServiceContext
  #read: NamesReader
  #isStale = true
  #names: readonly ZoneName[] = []
  #preparation: PreparationContext
  #own: ZoneEntry | undefined
  /** All that are longer than its own; made when one is asked for. */
  #others: NameTable<ZoneEntry> | undefined
  /** How many names it had when they were counted last. */
  count = 0

  constructor(name: string, context: ServiceContext, read: NamesReader) {
    this.#name = name
    this.#context = context
    this.#read = read
    this.#preparation = preparationOf(context, [])
  }

  /** What it is made of changed. */
  change(read: NamesReader): void {
    this.#read = read
    this.#isStale = true
  }

  get hasNames(): boolean {
    return this.#current().length > 0
  }

  get entry(): ZoneEntry | undefined {
    if (this.#isStale) this.#current()
    return this.#own
  }

  below(message: Buffer, start: number, end: number): ZoneEntry | undefined {
    const names = this.#current()
    this.#others ??= this.#tableOf(names)
    return this.#others.get(message, start, end)
  }

  /** Without keeping names that nobody asked for. Gives the difference to the count before. */
  recount(): number {
    const before = this.count
    this.count = this.#isStale ? this.#read().length : this.#names.length
    return this.count - before
  }

  #current(): readonly ZoneName[] {
    if (!this.#isStale) return this.#names
    const names = this.#read()
    this.#isStale = false
    // Not every change is one of names: prepared answers stay then.
    if (areSameNames(this.#names, names)) return this.#names
    this.#names = names
    this.#preparation = preparationOf(this.#context, names)
    const own = names.find(({ name }) => name === this.#name)
    this.#own = own && new ZoneEntry(own, this.#preparation)
    this.#others = undefined
    return names
  }

  #tableOf(names: readonly ZoneName[]): NameTable<ZoneEntry> {
    const table = new NameTable<ZoneEntry>(this.#context.hash)
    for (const name of names) {
      if (name.name !== this.#name) table.set(labelsOf(name.name), new ZoneEntry(name, this.#preparation))
    }
    return table
  }
}

/** The targets of names of a service are among its other names. */
function preparationOf({ zone, ttl }: ServiceContext, names: readonly ZoneName[]): PreparationContext {
  let byName: Map<string, ZoneName> | undefined
  const addressesOf = (target: string) => {
    byName ??= new Map(names.map(name => [name.name, name]))
    return (byName.get(target)?.records ?? []).filter(isAddress)
  }
  return { zone, ttl, addressesOf }
}

function isAddress(record: ZoneRecord): record is AddressRecord {
  return record.type === 'A' || record.type === 'AAAA'
}
