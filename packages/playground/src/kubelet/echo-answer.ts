/** What the built-in container answers: who it is and what it was asked. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PodIdentity } from './pod.ts'

/** The answer's body. A client that accepts text/plain gets it as lines instead. */
export interface EchoAnswer {
  readonly cluster: string
  readonly zone: string
  readonly node: string
  readonly namespace: string
  readonly pod: string
  readonly podIP: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
  }
}

export class EchoResponder {
  readonly #identity: Omit<EchoAnswer, 'request'>
  /** The part of the JSON that is the same in every answer. */
  readonly #prefix: string

  constructor({ cluster, zone, node, namespace, pod, podIP }: PodIdentity) {
    this.#identity = { cluster, zone, node, namespace, pod, podIP }
    this.#prefix = `${JSON.stringify(this.#identity).slice(0, -1)},"request":`
  }

  /** `last`: the connection ends with this answer. */
  answer(request: IncomingMessage, response: ServerResponse, last: boolean): void {
    const text = request.headers.accept?.includes('text/plain') === true
    const body = text ? this.#text(request) : this.#json(request)
    response.writeHead(200, {
      'content-type': text ? 'text/plain; charset=utf-8' : 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(last && { connection: 'close' }),
    })
    response.end(body)
  }

  #json({ method, url, headers }: IncomingMessage): string {
    return `${this.#prefix}${JSON.stringify({ method, path: url, headers })}}\n`
  }

  #text({ method, url, rawHeaders }: IncomingMessage): string {
    const lines = Object.entries(this.#identity).map(([name, value]) => `${name}: ${value}`)
    lines.push('', `${method} ${url}`)
    for (let n = 0; n < rawHeaders.length; n += 2) lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`)
    return `${lines.join('\n')}\n`
  }
}
