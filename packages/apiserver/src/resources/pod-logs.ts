/** `kubectl logs`: what a pod's containers have written, from whoever runs them. */
import type { ServerResponse } from 'node:http'
import type { Exchange } from '../http/exchange.ts'
import { booleanParameter, integerParameter, textParameter } from '../http/query.ts'
import type { Connection } from '../registry/definition.ts'
import { badRequest } from '../status/failures.ts'
import { failure } from '../status/status.ts'
import type { Pod } from './pod-spec.ts'

/** Runs the pods of a server: a kubelet, or what stands in for one. */
export interface PodRuntime {
  /** Lines with their ends, from the first one that is wanted; with `follow` until the container ends. */
  logs(pod: Pod, query: LogQuery): AsyncIterable<string> | Iterable<string>
}

export interface LogQuery {
  readonly container: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly sinceSeconds: number | undefined
  /** The client has gone. */
  readonly signal: AbortSignal
}

export const podLogConnection = (runtime: PodRuntime | undefined): Connection => ({
  name: 'log',
  kind: 'Pod',
  verbs: ['get'],
  async serve(owner, exchange) {
    const pod = owner as Pod
    if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
    if (runtime === undefined) {
      throw failure(
        501,
        'NotImplemented',
        `pods "${pod.metadata.name}": log is not served: nothing runs the pods of this cluster`,
      )
    }
    await send(runtime, pod, exchange)
  },
})

async function send(runtime: PodRuntime, pod: Pod, exchange: Exchange): Promise<void> {
  const { query } = exchange
  const response = exchange.response as ServerResponse
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const lines = runtime.logs(pod, {
    container: containerOf(pod, textParameter(query, 'container')),
    follow: booleanParameter(query, 'follow') ?? false,
    previous: booleanParameter(query, 'previous') ?? false,
    timestamps: booleanParameter(query, 'timestamps') ?? false,
    tailLines: integerParameter(query, 'tailLines'),
    sinceSeconds: integerParameter(query, 'sinceSeconds'),
    signal: gone.signal,
  })
  exchange.writeHead(200, 'text/plain')
  response.flushHeaders?.()
  for await (const line of lines) {
    if (gone.signal.aborted) return
    if (!response.write(line))
      await new Promise(resolve => response.once('drain', resolve).once('close', resolve))
  }
  response.end()
}

function containerOf({ metadata, spec }: Pod, asked: string | undefined): string {
  const names = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name)
  const list = `[${names.join(' ')}]`
  if (asked === undefined) {
    if (spec.containers.length === 1) return names[0] as string
    throw badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: ${list}`)
  }
  if (names.includes(asked)) return asked
  throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`)
}
