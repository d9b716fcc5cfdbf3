import type { ResourceType } from '@isthmus/api'
import { ApiError, type ClusterClient, type RequestOptions } from '@isthmus/kube'

/** What an agent does to its own cluster by itself: caches read, and peers are only read. */
export type GatedClient = Pick<
  ClusterClient,
  'get' | 'create' | 'update' | 'updateStatus' | 'patch' | 'delete'
>

/** A write of a process that does not lead, or no longer. */
export class NotLeadingError extends Error {
  constructor() {
    super('this agent does not lead: another one writes')
    this.name = 'NotLeadingError'
  }
}

/**
 * Writes of an agent pass while it leads. Whether it does is asked before each: a process that was paused, and
 * goes on in the midst of what it was doing, has ceased to lead before any timer told it.
 */
export class WriteGate {
  readonly client: GatedClient
  #isLeading: () => boolean = () => false
  #closing = closed()

  /** `onWritten`: the verb, the plural and the code of each answer, 0 where there was none. */
  constructor(
    client: ClusterClient,
    onWritten: (verb: string, resource: string, code: number) => void = () => {},
  ) {
    const within = <Options extends RequestOptions>(options: Options | undefined) => this.#within(options)
    const counted = async <T>(verb: string, { plural }: ResourceType, write: Promise<T>): Promise<T> => {
      try {
        const answer = await write
        onWritten(verb, plural, verb === 'create' ? 201 : 200)
        return answer
      } catch (error) {
        onWritten(verb, plural, error instanceof ApiError ? error.code : 0)
        throw error
      }
    }
    this.client = {
      get: (type, name, namespace, options) => client.get(type, name, namespace, options),
      create: async (type, object, options) =>
        counted('create', type, client.create(type, object, within(options))),
      update: async (type, object, options) =>
        counted('update', type, client.update(type, object, within(options))),
      updateStatus: async (type, object, options) =>
        counted('updateStatus', type, client.updateStatus(type, object, within(options))),
      patch: async (type, name, namespace, patch, options) =>
        counted('patch', type, client.patch(type, name, namespace, patch, within(options))),
      delete: async (type, name, namespace, options) =>
        counted('delete', type, client.delete(type, name, namespace, within(options))),
    }
  }

  open(isLeading: () => boolean): void {
    this.#isLeading = isLeading
    if (this.#closing.signal.aborted) this.#closing = new AbortController()
  }

  /** Ends the writes that are under way, too: what becomes of them is seen by who leads next. */
  close(): void {
    this.#closing.abort(new NotLeadingError())
  }

  #within<Options extends RequestOptions>(options: Options | undefined): Options {
    if (this.#closing.signal.aborted || !this.#isLeading()) throw new NotLeadingError()
    const own = this.#closing.signal
    const signal = options?.signal === undefined ? own : AbortSignal.any([options.signal, own])
    return { ...options, signal } as Options
  }
}

function closed(): AbortController {
  const controller = new AbortController()
  controller.abort(new NotLeadingError())
  return controller
}
