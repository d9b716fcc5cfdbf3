import type { KubernetesObject, ResourceType } from '@isthmus/api'
import {
  type ClusterClient,
  ConnectionError,
  type RequestOptions,
  type WatchEvent,
  type WatchOptions,
} from '@isthmus/kube'
import type { Point, Points } from './points.ts'

/** The request with that number from now, or the next one for which it holds. */
export type Moment = number | ((point: Point) => boolean)

/** Burns down to the request at which an agent dies, whichever way it takes. */
export class Fuse {
  readonly isCarriedOut: boolean
  readonly #burnt: (point: Point) => void
  #at: Moment
  #isBurnt = false

  constructor(at: Moment, isCarriedOut: boolean, burnt: (point: Point) => void) {
    this.#at = at
    this.isCarriedOut = isCarriedOut
    this.#burnt = burnt
  }

  /** What was waited for does not come: the next request will do. */
  shorten(): void {
    this.#at = 1
  }

  /** Whether the agent dies at that request. */
  reaches(point: Point): boolean {
    return typeof this.#at === 'number' ? --this.#at <= 0 : this.#at(point)
  }

  burn(point: Point): void {
    if (this.#isBurnt) return
    this.#isBurnt = true
    this.#burnt(point)
  }
}

export interface WayOptions {
  /** What it leads to, in points: `own`, `peer` or `registry`. */
  readonly to: string
  readonly target: ClusterClient
  readonly points: Points
  /** That of the agent which goes it, if it is lit. */
  readonly fuse: () => Fuse | undefined
}

/**
 * The way from one agent to one API server: it can be cut and mended; and the agent can die on it, as of
 * kill -9 before a request is sent, or after it was carried out and before the answer came.
 */
export class Way {
  readonly client: ClusterClient
  readonly #options: WayOptions
  readonly #target: ClusterClient
  #isCut = false
  #isDead = false
  #breaking = new AbortController()

  constructor(options: WayOptions) {
    this.#options = options
    this.#target = options.target
    this.client = this.#wrapped()
  }

  cut(): void {
    this.#isCut = true
    this.#breaking.abort(this.#broken('cut off'))
  }

  mend(): void {
    this.#isCut = false
    this.#breaking = new AbortController()
  }

  /** Nothing goes out any more, and nothing that comes back is heard. */
  die(): void {
    this.#isDead = true
    this.#breaking.abort(new Error('dead'))
  }

  #wrapped(): ClusterClient {
    const target = this.#target
    return {
      server: target.server,
      get: (type, name, namespace, options) =>
        this.#go(`get ${type.plural}`, options, changed => target.get(type, name, namespace, changed)),
      list: (type, options) =>
        this.#go(`list ${type.plural}`, options, changed => target.list(type, changed)),
      create: (type, object, options) =>
        this.#go(`create ${type.plural}`, options, changed => target.create(type, object, changed)),
      update: (type, object, options) =>
        this.#go(`update ${type.plural}`, options, changed => target.update(type, object, changed)),
      updateStatus: (type, object, options) =>
        this.#go(`update ${type.plural}/status`, options, changed =>
          target.updateStatus(type, object, changed),
        ),
      patch: (type, name, namespace, patch, options) =>
        this.#go(`patch ${type.plural}`, options, changed =>
          target.patch(type, name, namespace, patch, changed),
        ),
      delete: (type, name, namespace, options) =>
        this.#go(`delete ${type.plural}`, options, changed => target.delete(type, name, namespace, changed)),
      raw: (path, init) =>
        this.#go(path.endsWith('/token') ? 'create serviceaccounts/token' : `get ${path}`, init, changed =>
          target.raw(path, changed),
        ),
      watch: (type, options) => this.#watch(type, options),
      close: () => target.close(),
    }
  }

  /** Whether the agent dies at that request, which is noted. */
  #reaches(point: Point): Fuse | undefined {
    const { points, fuse } = this.#options
    points.made(point)
    const lit = fuse()
    return lit?.reaches(point) === true ? lit : undefined
  }

  async #go<Options extends RequestOptions, T>(
    what: string,
    options: Options | undefined,
    request: (options: Options) => Promise<T>,
  ): Promise<T> {
    const point = `${this.#options.to} ${what}`
    const fuse = this.#isDead ? undefined : this.#reaches(point)
    if (fuse?.isCarriedOut === false) fuse.burn(point)
    if (this.#isDead) return never(options?.signal)
    if (this.#isCut) throw this.#broken('connect')
    const breaking = this.#breaking
    const signals = [breaking.signal, ...(options?.signal === undefined ? [] : [options.signal])]
    try {
      const answer = await request({ ...options, signal: AbortSignal.any(signals) } as Options)
      fuse?.burn(point)
      if (this.#isDead) return never(options?.signal)
      return answer
    } catch (error) {
      fuse?.burn(point)
      if (this.#isDead) return never(options?.signal)
      // Aborted because the way broke off: the answer is lost, whatever became of the request.
      if (breaking.signal.aborted && options?.signal?.aborted !== true)
        throw this.#broken('wait for an answer')
      throw error
    }
  }

  async *#watch<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const point = `${this.#options.to} watch ${type.plural}`
    const fuse = this.#isDead ? undefined : this.#reaches(point)
    if (fuse?.isCarriedOut === false) fuse.burn(point)
    if (this.#isDead) return never(options.signal)
    if (this.#isCut) throw this.#broken('watch')
    const onOpen = () => {
      fuse?.burn(point)
      if (!this.#isDead) options.onOpen?.()
    }
    const breaking = this.#breaking
    const signals = [breaking.signal, ...(options.signal === undefined ? [] : [options.signal])]
    try {
      for await (const event of this.#target.watch(type, {
        ...options,
        onOpen,
        signal: AbortSignal.any(signals),
      })) {
        if (this.#isDead) return never(options.signal)
        yield event
      }
    } catch (error) {
      if (this.#isDead) return never(options.signal)
      if (breaking.signal.aborted && options.signal?.aborted !== true) throw this.#broken('watch')
      throw error
    }
  }

  #broken(doing: string): ConnectionError {
    const cause = Object.assign(new Error('partitioned'), { code: 'ECONNRESET' })
    return new ConnectionError(this.#target.server, doing, { cause })
  }
}

/** Nothing is heard; what the dead hold in this process goes when they give up waiting. */
function never<T>(signal: AbortSignal | undefined): Promise<T> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(signal?.reason)
    if (signal?.aborted === true) giveUp()
    else signal?.addEventListener('abort', giveUp, { once: true })
  })
}
