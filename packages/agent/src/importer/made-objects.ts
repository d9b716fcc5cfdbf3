import type { KubernetesObject } from '@isthmus/api'

/**
 * What this process last made of the objects of one import, to tell two things apart. An object that is not
 * as it should be, though what it should be has not changed since we made it so, was changed by somebody. And
 * one that the server itself stores differently (admission, fields it does not know) is not written for ever.
 */
export class MadeObjects {
  readonly #made = new Map<string, Made>()
  #repairs: Repair[] = []

  /** `wanted`: the same object, or text, as long as what the object should be is the same. */
  isSame(what: string, wanted: readonly unknown[]): boolean {
    const made = this.#made.get(what)
    return (
      made !== undefined &&
      made.wanted.length === wanted.length &&
      made.wanted.every((w, i) => w === wanted[i])
    )
  }

  /** Nobody has touched the object since it was made to be what is wanted now: nothing to compare. */
  isSettled(what: string, wanted: readonly unknown[], stored: KubernetesObject): boolean {
    const { uid, resourceVersion } = this.#made.get(what) ?? {}
    return (
      resourceVersion !== undefined &&
      resourceVersion === stored.metadata.resourceVersion &&
      uid === stored.metadata.uid &&
      this.isSame(what, wanted)
    )
  }

  /** `stored`: as the server answered, or as it was found to be right. */
  remember(what: string, wanted: readonly unknown[], { metadata }: KubernetesObject): void {
    this.#made.set(what, { wanted, uid: metadata.uid, resourceVersion: metadata.resourceVersion })
  }

  forget(what: string): void {
    this.#made.delete(what)
  }

  /** Something that somebody changed is right again. */
  repaired(repair: Repair): void {
    this.#repairs.push(repair)
  }

  /** The repairs since this was last asked: also those before a failure of something else. */
  takeRepairs(): readonly Repair[] {
    const repairs = this.#repairs
    this.#repairs = []
    return repairs
  }
}

export interface Repair {
  readonly kind: 'Service' | 'ServiceImport' | 'EndpointSlice'
  readonly name: string
  readonly what: 'deleted' | 'edited'
}

interface Made {
  readonly wanted: readonly unknown[]
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}
