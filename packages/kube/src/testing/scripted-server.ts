import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { KubernetesObject } from '@isthmus/api'

/** What a request is answered with in place of the truth. */
export interface ScriptedAnswer {
  /** Of which requests; default: any. */
  when?: (request: RecordedRequest) => boolean
  status: number
  headers?: Record<string, string>
  body?: string
  /** Called instead, to do worse. */
  answer?: (request: IncomingMessage, response: ServerResponse) => void
}

export interface RecordedRequest {
  /** When it came, by performance.now(). */
  at: number
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

export type RequestKind = 'get' | 'list' | 'watch'

export function kindOf({ path, query }: Pick<RecordedRequest, 'path' | 'query'>): RequestKind {
  if (query.has('watch')) return 'watch'
  return path.endsWith('/services') ? 'list' : 'get'
}

export interface ServedObject extends KubernetesObject {
  data?: unknown
}

interface ServedEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: ServedObject
  version: number
}

/**
 * A server of one collection of objects, with lists in pages and watches with history: right as long as it is
 * not told to misbehave.
 */
export class ScriptedServer {
  readonly requests: RecordedRequest[] = []
  readonly objects = new Map<string, ServedObject>()
  version = 100
  /** Splits what is sent on a watch into chunks. */
  chunk: (bytes: Buffer) => Buffer[] = bytes => [bytes]
  #silent = false
  #port = 0
  readonly #http: Server
  readonly #sockets = new Set<Socket>()
  readonly #watches = new Map<ServerResponse, { from: number }>()
  #history: ServedEvent[] = []
  #compacted = 0
  #answers: ScriptedAnswer[] = []

  private constructor() {
    this.#http = createServer((request, response) => void this.#serve(request, response))
    this.#http.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(): Promise<ScriptedServer> {
    const server = new ScriptedServer()
    await new Promise<void>(resolve => server.#http.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  get watches(): number {
    return this.#watches.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#http.close(resolve))
  }

  /** Ends all connections and listens no more, until it comes back at the same address. */
  async leave(): Promise<void> {
    this.#port = (this.#http.address() as AddressInfo).port
    await this[Symbol.asyncDispose]()
  }

  comeBack(): Promise<void> {
    return new Promise(resolve => this.#http.listen(this.#port, '127.0.0.1', resolve))
  }

  put(name: string, data?: unknown): void {
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED'
    const metadata = { name, namespace: 'demo', resourceVersion: String(++this.version) }
    const object: ServedObject = { apiVersion: 'v1', kind: 'Service', metadata, data }
    this.objects.set(name, object)
    this.#happen({ type, object, version: this.version })
  }

  remove(name: string): void {
    const object = this.objects.get(name)
    if (object === undefined) return
    this.objects.delete(name)
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) }
    this.#happen({ type: 'DELETED', object: { ...object, metadata }, version: this.version })
  }

  bookmark(): void {
    const object = { kind: 'Service', apiVersion: 'v1', metadata: { resourceVersion: String(this.version) } }
    for (const [watch, { from }] of this.#watches) {
      if (!this.#silent && this.version >= from) this.#send(watch, { type: 'BOOKMARK', object })
    }
  }

  /** The server forgets what happened so far: a watch from before is answered with 410. */
  compact(): void {
    this.#history = []
    this.#compacted = this.version
  }

  /** As it was `versionsAgo`, with these objects, and a history that nobody can watch from. */
  restore(versionsAgo: number, names: readonly string[]): void {
    this.version = Math.max(1, this.version - versionsAgo)
    for (const name of [...this.objects.keys()]) if (!names.includes(name)) this.objects.delete(name)
    this.#history = []
    this.#compacted = 0
  }

  /** Nothing is sent on watches, as if the connection were half-open; what happens meanwhile is lost to them. */
  beSilent(silent: boolean): void {
    // What was silent stays silent: a half-open connection does not come back.
    if (this.#silent && !silent) this.#watches.clear()
    this.#silent = silent
  }

  endWatches(): void {
    for (const watch of this.#takeWatches()) watch.end()
  }

  /** In the middle of an event, as a proxy does that is restarted. */
  cutWatches(): void {
    for (const watch of this.#takeWatches()) {
      watch.write('{"type":"MODIFIED","object":{"metadata":{"name":"ha')
      setImmediate(() => watch.destroy())
    }
  }

  /** Sends an ERROR event on each watch. */
  failWatches(code: number, reason: string): void {
    const object = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason }
    for (const watch of this.#takeWatches()) {
      this.#send(watch, { type: 'ERROR', object })
      watch.end()
    }
  }

  /** Answers the next requests, in order, with something else. */
  answerNext(...answers: ScriptedAnswer[]): void {
    this.#answers.push(...answers)
  }

  get unusedAnswers(): number {
    return this.#answers.length
  }

  /** Requests for lists, and for watches. */
  count(kind: RequestKind): number {
    return this.requests.filter(request => kindOf(request) === kind).length
  }

  #takeWatches(): ServerResponse[] {
    const watches = [...this.#watches.keys()]
    this.#watches.clear()
    return watches
  }

  #happen(event: ServedEvent): void {
    this.#history.push(event)
    if (this.#silent) return
    // A version asked for that is not reached yet: a restored server says nothing until it is.
    for (const [watch, { from }] of this.#watches) if (event.version > from) this.#send(watch, event)
  }

  #send(watch: ServerResponse, { type, object }: { type: string; object: object }): void {
    for (const part of this.chunk(Buffer.from(`${JSON.stringify({ type, object })}\n`))) watch.write(part)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server')
    const recorded: RecordedRequest = {
      at: performance.now(),
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: '',
    }
    this.requests.push(recorded)
    request.setEncoding('utf8')
    for await (const part of request) recorded.body += part
    const scripted = this.#answers.findIndex(({ when }) => when === undefined || when(recorded))
    const [answer] = scripted < 0 ? [] : this.#answers.splice(scripted, 1)
    if (answer?.answer !== undefined) answer.answer(request, response)
    else if (answer !== undefined) response.writeHead(answer.status, answer.headers).end(answer.body)
    else if (kindOf(recorded) === 'watch') this.#watch(url.searchParams, response)
    else if (kindOf(recorded) === 'get') this.#get(url.pathname, response)
    else this.#list(url.searchParams, response)
  }

  #get(path: string, response: ServerResponse): void {
    const object = this.objects.get(path.slice(path.lastIndexOf('/') + 1))
    const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' }
    response.writeHead(object === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(object ?? { ...missing, details: { name: path } }))
  }

  /** A continue token is `version:offset`; the objects of a version that is past cannot be listed any more. */
  #list(query: URLSearchParams, response: ServerResponse): void {
    const [version = String(this.version), offset = '0'] = query.get('continue')?.split(':') ?? []
    if (Number(version) !== this.version) {
      this.#expired(response)
      return
    }
    const all = [...this.objects.values()].sort((a, b) =>
      (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1,
    )
    const end = Number(offset) + Number(query.get('limit') ?? all.length)
    // As an API server: items of built-in kinds do not name their kind.
    const items = all.slice(Number(offset), end).map(({ metadata, data }) => ({ metadata, data }))
    const more = end < all.length ? { continue: `${version}:${end}` } : {}
    response.end(
      JSON.stringify({
        kind: 'ServiceList',
        apiVersion: 'v1',
        metadata: { resourceVersion: version, ...more },
        items,
      }),
    )
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    if (from < this.#compacted) {
      this.#expired(response)
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    this.#watches.set(response, { from })
    response.on('close', () => this.#watches.delete(response))
    if (!this.#silent)
      for (const event of this.#history) if (event.version > from) this.#send(response, event)
  }

  #expired(response: ServerResponse): void {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: 410,
      reason: 'Expired',
      message: 'too old',
    }
    response.writeHead(410, { 'content-type': 'application/json' }).end(JSON.stringify(status))
  }
}
