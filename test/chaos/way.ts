import type { KubernetesObject, ResourceType } from '@isthmus/api'
import {
  type ClusterClient,
  ConnectionError,
  type RequestOptions,
  type WatchEvent,
  type WatchOptions,
} from '@isthmus/kube'

/**
 * The way from one agent to one API server: it can be cut and mended; and the agent can die on it, as of
 * kill -9 before a request is sent, or after it was carried out and before the answer came.
 */
export class Way {
  readonly client: ClusterClient
  readonly #target: ClusterClient
  #isCut = false
  #isDead = false
  #breaking = new AbortController()
  /** Requests until the agent dies, and whether the last one is carried out. */
  #fuse: { left: number; isCarriedOut: boolean; burnt: () => void } | undefined

  constructor(target: ClusterClient) {
    this.#target = target
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

  /** Calls `burnt` at the request with that number from now. */
  lightFuse(requests: number, isCarriedOut: boolean, burnt: () => void): void {
    this.#fuse = { left: requests, isCarriedOut, burnt }
  }

  #wrapped(): ClusterClient {
    const target = this.#target
    return {
      server: target.server,
      get: (type, name, namespace, options) =>
        this.#go(options, changed => target.get(type, name, namespace, changed)),
      list: (type, options) => this.#go(options, changed => target.list(type, changed)),
      create: (type, object, options) => this.#go(options, changed => target.create(type, object, changed)),
      update: (type, object, options) => this.#go(options, changed => target.update(type, object, changed)),
      updateStatus: (type, object, options) =>
        this.#go(options, changed => target.updateStatus(type, object, changed)),
      patch: (type, name, namespace, patch, options) =>
        this.#go(options, changed => target.patch(type, name, namespace, patch, changed)),
      delete: (type, name, namespace, options) =>
        this.#go(options, changed => target.delete(type, name, namespace, changed)),
      raw: (path, init) => this.#go(init, changed => target.raw(path, changed)),
      watch: (type, options) => this.#watch(type, options),
      close: () => target.close(),
    }
  }

  async #go<Options extends RequestOptions, T>(
    options: Options | undefined,
    request: (options: Options) => Promise<T>,
  ): Promise<T> {
    const fuse = this.#fuse
    const isLast = fuse !== undefined && --fuse.left === 0
    if (isLast && !fuse.isCarriedOut) fuse.burnt()
    if (this.#isDead) return never(options?.signal)
    if (this.#isCut) throw this.#broken('connect')
    const breaking = this.#breaking
    const signals = [breaking.signal, ...(options?.signal === undefined ? [] : [options.signal])]
    try {
      const answer = await request({ ...options, signal: AbortSignal.any(signals) } as Options)
      if (isLast) fuse.burnt()
      if (this.#isDead) return never(options?.signal)
      return answer
    } catch (error) {
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
    if (this.#isDead) return never(options.signal)
    if (this.#isCut) throw this.#broken('watch')
    const breaking = this.#breaking
    const signals = [breaking.signal, ...(options.signal === undefined ? [] : [options.signal])]
    try {
      for await (const event of this.#target.watch(type, { ...options, signal: AbortSignal.any(signals) })) {
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
