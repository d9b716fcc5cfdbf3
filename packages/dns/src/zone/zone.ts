import { CLUSTERSET_ZONE } from '@isthmus/api'
import { fixedNames, namespaceName } from '@isthmus/core'
import { StartOfAuthority } from '../message/start-of-authority.ts'
import { labelsOf, wireName } from '../message/wire-name.ts'
import { NameTable, seededHash } from './name-table.ts'
import { FixedPlace, NamespacePlace, type Place } from './place.ts'
import { type NamesReader, type ServiceContext, ServicePlace } from './service-place.ts'
import type { ZoneEntry } from './zone-entry.ts'

export interface ZoneSettings {
  /** Seconds that clients may keep an answer, and that there is none. */
  readonly ttl: number
  /** Where clients reach this server: the addresses of the zone's name server. */
  readonly nameServerAddresses: readonly string[]
}

/**
 * All names that exist. A change takes as long as it takes to note it, whatever the service's size: its names
 * are made when they are asked for.
 */
export class Zone {
  /** In wire form. */
  readonly apex = wireName(CLUSTERSET_ZONE)
  readonly startOfAuthority: StartOfAuthority
  readonly #context: ServiceContext
  /** By at most three labels. */
  readonly #places: NameTable<Place>
  readonly #fixed: number
  /** By `namespace/name`. */
  readonly #services = new Map<string, ServicePlace>()
  readonly #namespaces = new Map<string, NamespacePlace>()
  readonly #uncounted = new Set<ServicePlace>()
  /** Of the names of services that were counted. */
  #serviceNames = 0
  #isChanged = true

  constructor({ ttl, nameServerAddresses }: ZoneSettings) {
    this.startOfAuthority = new StartOfAuthority(ttl)
    this.#context = { zone: this.apex, ttl, hash: seededHash() }
    this.#places = new NameTable(this.#context.hash)
    const names = fixedNames(nameServerAddresses)
    const addressesOf = () => []
    for (const name of names) {
      this.#places.set(labelsOf(name.name), new FixedPlace(name, { ...this.#context, addressesOf }))
    }
    this.#fixed = names.length
  }

  /** How many names exist. Services that changed since they were counted last are counted first. */
  get size(): number {
    while (this.countNext());
    const namespaces = this.#namespaces.values().reduce((sum, place) => sum + (place.exists ? 1 : 0), 0)
    return this.#fixed + namespaces + this.#serviceNames
  }

  /** Counts the names of a service that changed; false if there was none. {@link size} is quick after the last. */
  countNext(): boolean {
    for (const place of this.#uncounted) {
      this.#uncounted.delete(place)
      this.#serviceNames += place.recount()
      return true
    }
    return false
  }

  /** The name in these bytes of a message: its labels above the zone, in any case. */
  find(message: Buffer, start: number, end: number): ZoneEntry | undefined {
    const from = lastThreeLabels(message, start, end)
    const place = this.#places.get(message, from, end)
    return from === start ? place?.entry : place?.below(message, start, end)
  }

  /** A service (`namespace/name`) is new or changed, and `read` gives its names; undefined: it is gone. */
  setService(key: string, read: NamesReader | undefined): void {
    const known = this.#services.get(key)
    if (!known && !read) return
    this.#isChanged = true
    if (known && read) {
      known.change(read)
      this.#uncounted.add(known)
    } else if (known) {
      this.#removeService(key, known)
    } else if (read) {
      this.#addService(key, read)
    }
  }

  /** Whether there is a namespace, with or without services. */
  setNamespace(namespace: string, exists: boolean): void {
    if (exists === (this.#namespaces.get(namespace)?.isThere ?? false)) return
    this.#namespace(namespace).isThere = exists
    this.#forgetUnlessKnown(namespace)
    this.#isChanged = true
  }

  /** Ends a batch of changes: a new serial, if there were any. `now` in milliseconds. */
  commit(now: number): void {
    if (this.#isChanged) this.startOfAuthority.advance(now)
    this.#isChanged = false
  }

  #addService(key: string, read: NamesReader): void {
    const name = nameOfService(key)
    const place = new ServicePlace(name, this.#context, read)
    this.#services.set(key, place)
    this.#places.set(labelsOf(name), place)
    this.#namespace(namespaceOf(key)).add(place)
    this.#uncounted.add(place)
  }

  #removeService(key: string, place: ServicePlace): void {
    this.#services.delete(key)
    this.#places.delete(labelsOf(nameOfService(key)))
    this.#namespace(namespaceOf(key)).delete(place)
    this.#forgetUnlessKnown(namespaceOf(key))
    this.#uncounted.delete(place)
    this.#serviceNames -= place.count
  }

  #namespace(namespace: string): NamespacePlace {
    const known = this.#namespaces.get(namespace)
    if (known) return known
    const place = new NamespacePlace(namespace, { ...this.#context, addressesOf: () => [] })
    this.#namespaces.set(namespace, place)
    this.#places.set(labelsOf(namespaceName(namespace).name), place)
    return place
  }

  #forgetUnlessKnown(namespace: string): void {
    if (!this.#namespaces.get(namespace)?.isForgotten) return
    this.#namespaces.delete(namespace)
    this.#places.delete(labelsOf(namespaceName(namespace).name))
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

function nameOfService(key: string): string {
  return `${key.slice(key.indexOf('/') + 1)}.${namespaceOf(key)}.svc`
}

/** Where the last three labels from `start` to `end` begin; `start` if there are no more. */
function lastThreeLabels(message: Buffer, start: number, end: number): number {
  let third = start
  let second = start
  let last = start
  for (let at = start; at < end; at += (message[at] as number) + 1) {
    third = second
    second = last
    last = at
  }
  return third
}
