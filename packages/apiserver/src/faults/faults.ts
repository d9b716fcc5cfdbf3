/**
 * Makes a server misbehave on purpose, for tests of its clients. Rules are asked in order for every
 * HTTP request, and the first that matches decides what goes wrong; LocalApi never sees a fault.
 *
 *     const fault = server.faults.add({ match: { verb: 'watch', resource: 'services' }, effect: cut(3), times: 1 })
 *     …
 *     fault.remove()
 */
import { type Attributes, requestAttributes } from '../auth/attributes.ts'
import type { Request, Response } from '../http/exchange.ts'
import type { Filter } from '../http/server.ts'
import type { Storage, StorageContents } from '../storage/storage.ts'
import type { Effect } from './effects.ts'

export interface FaultRule {
  /** Which requests; all of them without. */
  readonly match?: FaultMatch
  readonly effect: Effect
  /** How often; for ever without. */
  readonly times?: number
}

/** Attributes that a request must have, or a function that says so. */
export type FaultMatch =
  | {
      readonly verb?: string
      readonly group?: string
      readonly resource?: string
      readonly subresource?: string
      readonly namespace?: string
      readonly name?: string
      /** Of what is no resource, such as `/readyz`. */
      readonly path?: string
    }
  | ((attributes: Attributes, request: Request) => boolean)

export interface Fault {
  /** How often it has happened. */
  readonly count: number
  remove(): void
}

interface ActiveRule extends FaultRule {
  count: number
}

export class Faults {
  readonly #storage: Storage
  #rules: readonly ActiveRule[] = []

  constructor(storage: Storage) {
    this.#storage = storage
  }

  add(rule: FaultRule): Fault {
    const active: ActiveRule = { ...rule, count: 0 }
    this.#rules = [...this.#rules, active]
    return {
      get count() {
        return active.count
      },
      remove: () => {
        this.#rules = this.#rules.filter(other => other !== active)
      },
    }
  }

  /** Ends all faults. What has gone wrong stays wrong: a stalled request is never answered. */
  clear(): void {
    this.#rules = []
  }

  /** Forgets the history: watches and lists from before are told 410. */
  expireHistory(): void {
    this.#storage.compact()
  }

  /** All objects, to `restore` them later. */
  snapshot(): StorageContents {
    return this.#storage.contents()
  }

  /** An older state, as from a backup of etcd: resourceVersions go back, and all watches end. */
  restore(state: StorageContents): void {
    this.#storage.restore(state)
  }

  /** The place of faults in the way of a request. */
  readonly filter: Filter = (request: Request, response: Response, next: () => void): void => {
    const rule = this.#rules.length === 0 ? undefined : this.#find(request)
    if (rule === undefined) {
      next()
      return
    }
    rule.count++
    rule.effect({ request, response, storage: this.#storage, next })
  }

  #find(request: Request): ActiveRule | undefined {
    const attributes = requestAttributes(request.method ?? '', request.url ?? '')
    return this.#rules.find(
      ({ match, count, times = Number.POSITIVE_INFINITY }) =>
        count < times && matches(match, attributes, request),
    )
  }
}

function matches(match: FaultMatch | undefined, attributes: Attributes, request: Request): boolean {
  if (match === undefined) return true
  if (typeof match === 'function') return match(attributes, request)
  const actual = attributes as unknown as Record<string, string>
  return Object.entries(match).every(([name, value]) => actual[name] === value)
}
