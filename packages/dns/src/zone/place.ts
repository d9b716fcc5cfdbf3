import { namespaceName, type ZoneName } from '@isthmus/core'
import type { PreparationContext } from '../message/prepared-answer.ts'
import { ZoneEntry } from './zone-entry.ts'

/** Where a name of at most three labels may be: a fixed one, a namespace's, or a service's with all names below it. */
export interface Place {
  /** Undefined while the name does not exist. */
  readonly entry: ZoneEntry | undefined
  /** The name in these bytes of a message, labels in any case, of which the last three are this place. */
  below(message: Buffer, start: number, end: number): ZoneEntry | undefined
}

/** A name that exists whatever is imported. */
export class FixedPlace implements Place {
  readonly entry: ZoneEntry

  constructor(name: ZoneName, context: PreparationContext) {
    this.entry = new ZoneEntry(name, context)
  }

  below(): undefined {}
}

/** What is asked of a service here. */
interface Service {
  readonly hasNames: boolean
}

/** `<ns>.svc`, which exists while the namespace does, or a service in it. */
export class NamespacePlace implements Place {
  readonly #entry: ZoneEntry
  readonly #services = new Set<Service>()
  /** There is such a Namespace. */
  isThere = false

  constructor(namespace: string, context: PreparationContext) {
    this.#entry = new ZoneEntry(namespaceName(namespace), context)
  }

  get entry(): ZoneEntry | undefined {
    return this.exists ? this.#entry : undefined
  }

  get exists(): boolean {
    return this.isThere || this.#services.values().some(service => service.hasNames)
  }

  /** Nothing is known of it any more. */
  get isForgotten(): boolean {
    return !this.isThere && this.#services.size === 0
  }

  add(service: Service): void {
    this.#services.add(service)
  }

  delete(service: Service): void {
    this.#services.delete(service)
  }

  below(): undefined {}
}
