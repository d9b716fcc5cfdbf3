import { CLUSTERSET_ZONE } from '@isthmus/api'
import {
  type AddressRecord,
  areSameNames,
  fixedNames,
  namespaceName,
  type ZoneName,
  type ZoneRecord,
} from '@isthmus/core'
import { type PreparationContext, type PreparedAnswer, prepareAnswer } from '../message/prepared-answer.ts'
import { StartOfAuthority } from '../message/start-of-authority.ts'
import { labelsOf, wireName } from '../message/wire-name.ts'
import { NameTable } from './name-table.ts'

export interface ZoneSettings {
  /** Seconds that clients may keep an answer, and that there is none. */
  readonly ttl: number
  /** Where clients reach this server: the addresses of the zone's name server. */
  readonly nameServerAddresses: readonly string[]
}

/** A name of the zone, with the answers that were asked for since it last changed. */
export class ZoneEntry {
  readonly #name: ZoneName
  readonly #context: PreparationContext
  readonly #answers = new Map<ZoneRecord['type'], PreparedAnswer | undefined>()

  constructor(name: ZoneName, context: PreparationContext) {
    this.#name = name
    this.#context = context
  }

  /** Undefined if the name has no records of this type. */
  answer(type: ZoneRecord['type']): PreparedAnswer | undefined {
    const known = this.#answers.get(type)
    if (known || this.#answers.has(type)) return known
    const prepared = prepareAnswer(this.#name, type, this.#context)
    this.#answers.set(type, prepared)
    return prepared
  }
}

/** All names that exist, by their bytes. A change of one service touches that service's names alone. */
export class Zone {
  /** In wire form. */
  readonly apex = wireName(CLUSTERSET_ZONE)
  readonly startOfAuthority: StartOfAuthority
  readonly #ttl: number
  readonly #table = new NameTable<ZoneEntry>()
  readonly #services = new Map<string, readonly ZoneName[]>()
  readonly #namespaces = new Set<string>()
  /** How many services with names each namespace has. */
  readonly #servicesIn = new Map<string, number>()
  #isChanged = true

  constructor({ ttl, nameServerAddresses }: ZoneSettings) {
    this.#ttl = ttl
    this.startOfAuthority = new StartOfAuthority(ttl)
    this.#replace([], fixedNames(nameServerAddresses))
  }

  /** How many names exist. */
  get size(): number {
    return this.#table.size
  }

  /** The name in these bytes of a message: its labels above the zone, in any case. */
  find(message: Buffer, start: number, end: number): ZoneEntry | undefined {
    return this.#table.get(message, start, end)
  }

  /** Replaces the names of a service (`namespace/name`); none: it is gone. */
  setService(key: string, names: readonly ZoneName[]): void {
    const previous = this.#services.get(key) ?? []
    // Most changes of slices (a node name, a hint, another generation) change no name.
    if (areSameNames(previous, names)) return
    this.#replace(previous, names)
    if (names.length > 0) this.#services.set(key, names)
    else this.#services.delete(key)
    const namespace = key.slice(0, key.indexOf('/'))
    const difference = Math.sign(names.length) - Math.sign(previous.length)
    this.#servicesIn.set(namespace, (this.#servicesIn.get(namespace) ?? 0) + difference)
    this.#setNamespaceName(namespace)
  }

  /** Whether there is a namespace, with or without services. */
  setNamespace(namespace: string, exists: boolean): void {
    if (exists === this.#namespaces.has(namespace)) return
    if (exists) this.#namespaces.add(namespace)
    else this.#namespaces.delete(namespace)
    this.#setNamespaceName(namespace)
  }

  /** Ends a batch of changes: a new serial, if there were any. `now` in milliseconds. */
  commit(now: number): void {
    if (this.#isChanged) this.startOfAuthority.advance(now)
    this.#isChanged = false
  }

  #setNamespaceName(namespace: string): void {
    if (this.#servicesIn.get(namespace) === 0) this.#servicesIn.delete(namespace)
    const name = namespaceName(namespace)
    const exists = this.#namespaces.has(namespace) || this.#servicesIn.has(namespace)
    const isThere = this.#find(name.name) !== undefined
    if (exists !== isThere) this.#replace(isThere ? [name] : [], exists ? [name] : [])
  }

  #find(name: string): ZoneEntry | undefined {
    const labels = labelsOf(name)
    return this.#table.get(labels, 0, labels.length)
  }

  /** Names that belong together: the targets of one are among the others. */
  #replace(previous: readonly ZoneName[], next: readonly ZoneName[]): void {
    for (const { name } of previous) this.#table.delete(labelsOf(name))
    const byName = new Map(next.map(name => [name.name, name]))
    const context: PreparationContext = {
      zone: this.apex,
      ttl: this.#ttl,
      addressesOf: target => (byName.get(target)?.records ?? []).filter(isAddress),
    }
    for (const name of next) this.#table.set(labelsOf(name.name), new ZoneEntry(name, context))
    this.#isChanged = true
  }
}

function isAddress(record: ZoneRecord): record is AddressRecord {
  return record.type === 'A' || record.type === 'AAAA'
}
