import type { ClusterClient } from '@isthmus/kube'

/** Ends everything at the n-th request: as a person does with Ctrl-C, or a network. */
export class Interruption {
  #left: number

  constructor(afterRequests: number) {
    this.#left = afterRequests
  }

  /** The request itself may have been done, or not: both are tried. */
  of(client: ClusterClient, isDone: boolean): ClusterClient {
    const requests = ['get', 'list', 'create', 'update', 'updateStatus', 'patch', 'delete', 'raw']
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function' || !requests.includes(String(name))) return value
        return async (...args: unknown[]) => {
          const isLast = this.#left-- <= 0
          if (isLast && !isDone) throw new InterruptedError()
          const answer: unknown = await value.apply(target, args)
          if (isLast) throw new InterruptedError()
          return answer
        }
      },
    })
  }
}

export class InterruptedError extends Error {}
