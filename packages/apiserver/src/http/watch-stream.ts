/** A watch as an HTTP answer: a line of JSON per event, bookmarks, an orderly end, and no patience with a client that does not read. */
import type { ServerResponse } from 'node:http'
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { apiVersionOf, type Environment } from '../rest/environment.ts'
import { openWatch, type WatchEvent, type WatchQuery } from '../rest/watch.ts'
import { StatusError } from '../status/status.ts'
import type { Exchange } from './exchange.ts'
import type { EventStream } from './reply.ts'

/**
 * Events that may wait for a client beyond the socket's buffer; then it is cut off. As many as the history
 * has, so that it can usually go on from where it was.
 */
const QUEUE_LIMIT = 4096
const TURN_EVENTS = 200
const BOOKMARK_SECONDS = 60
/** The last bookmark comes this long before the watch ends. */
const BOOKMARK_BEFORE_END_SECONDS = 2
const SHORTEST_TIMEOUT_SECONDS = 1800
const LONGEST_TIMEOUT_SECONDS = 24 * 3600

interface Line {
  readonly type: WatchEvent['type'] | 'BOOKMARK'
  readonly object: StoredObject
}

/** Answers when the watch has ended. Throws a StatusError before anything is sent. */
export function serveWatch(
  environment: Environment,
  definition: ResourceDefinition,
  namespace: string | undefined,
  query: WatchQuery,
  exchange: Exchange,
  form: EventStream,
): Promise<void> {
  const stream = new WatchStream(environment, definition, query, exchange, form)
  return stream.run(namespace)
}

class WatchStream {
  readonly #environment: Environment
  readonly #definition: ResourceDefinition
  readonly #query: WatchQuery
  readonly #exchange: Exchange
  readonly #response: ServerResponse
  readonly #form: EventStream
  readonly #cleanup: (() => void)[] = []
  #queue: Line[] = []
  #queueLimit = QUEUE_LIMIT
  #bookmarkTimer: NodeJS.Timeout | undefined
  #sending = false
  #ended = false
  #isFirst = true

  constructor(
    environment: Environment,
    definition: ResourceDefinition,
    query: WatchQuery,
    exchange: Exchange,
    form: EventStream,
  ) {
    this.#environment = environment
    this.#definition = definition
    this.#query = query
    this.#exchange = exchange
    this.#response = exchange.response as ServerResponse
    this.#form = form
  }

  run(namespace: string | undefined): Promise<void> {
    const closed = new Promise<void>(resolve => this.#response.once('close', resolve))
    const opened = this.#open(namespace)
    this.#exchange.writeHead(200, this.#form.contentType)
    this.#response.flushHeaders?.()
    if (opened instanceof StatusError) {
      this.#response.end(this.#form.error(opened.status))
      return closed
    }
    this.#cleanup.push(opened.close)
    const { bookmarks, sendInitialEvents } = this.#query
    for (const object of opened.initial) this.#queue.push({ type: 'ADDED', object })
    if (sendInitialEvents && bookmarks) this.#queue.push(this.#bookmark(true))
    for (const event of opened.history) this.#queue.push(event)
    this.#queueLimit += this.#queue.length
    this.#schedule()
    void this.#send()
    return closed.finally(() => this.#stop())
  }

  #open(namespace: string | undefined): ReturnType<typeof openWatch> | StatusError {
    try {
      return openWatch(this.#environment, this.#definition, namespace, this.#query, event =>
        this.#push(event),
      )
    } catch (error) {
      if (error instanceof StatusError && error.code === 410) return error
      throw error
    }
  }

  /** Time-outs, bookmarks, and what else ends a watch. */
  #schedule(): void {
    const { storage, registry } = this.#environment
    const { timeoutSeconds = 0, bookmarks } = this.#query
    const asked = timeoutSeconds > 0 ? timeoutSeconds : SHORTEST_TIMEOUT_SECONDS * (1 + Math.random())
    const seconds = Math.min(asked, LONGEST_TIMEOUT_SECONDS)
    const end = setTimeout(() => this.#end(), 1000 * seconds)
    this.#cleanup.push(
      () => clearTimeout(end),
      storage.onRestore(() => this.#end()),
    )
    const { group, version, plural, custom } = this.#definition
    if (custom) {
      this.#cleanup.push(
        registry.onChange(() => {
          if (registry.lookup(group, version, plural) !== this.#definition) this.#end()
        }),
      )
    }
    if (bookmarks) this.#scheduleBookmark(performance.now() + 1000 * seconds)
  }

  #scheduleBookmark(end: number): void {
    const regular = 1000 * BOOKMARK_SECONDS * (1 + Math.random() / 4)
    const last = end - performance.now() - 1000 * BOOKMARK_BEFORE_END_SECONDS
    this.#bookmarkTimer = setTimeout(
      () => {
        this.#push(this.#bookmark(false))
        this.#scheduleBookmark(end)
      },
      last > 0 ? Math.min(regular, last) : regular,
    )
  }

  /** An object without anything but the version up to which nothing is missing. */
  #bookmark(isInitialEnd: boolean): Line {
    const resourceVersion = String(this.#environment.storage.revision)
    const annotations = isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
    const object = {
      kind: this.#definition.kind,
      apiVersion: apiVersionOf(this.#definition),
      metadata: { resourceVersion, ...annotations },
      ...this.#definition.emptyObject,
    }
    return { type: 'BOOKMARK', object: object as unknown as StoredObject }
  }

  #push(line: Line): void {
    if (this.#ended) return
    this.#queue.push(line)
    if (!this.#sending) void this.#send()
    else if (this.#queue.length > this.#queueLimit) this.#response.destroy()
  }

  /** Sends what waits, as fast as the client reads it; a long queue in several turns. */
  async #send(): Promise<void> {
    this.#sending = true
    while (this.#queue.length > 0 && !this.#response.destroyed) {
      const lines = this.#queue.splice(0, TURN_EVENTS)
      let isRoom = true
      for (const line of lines) isRoom = this.#response.write(this.#encode(line))
      if (!isRoom) await this.#drained()
      // A socket that takes all at once drains within the turn.
      if (this.#queue.length > 0) await new Promise(done => setImmediate(done))
    }
    this.#sending = false
    if (this.#ended) this.#response.end()
  }

  #encode({ type, object }: Line): Buffer {
    const isFirst = this.#isFirst
    this.#isFirst = false
    return this.#form.isShared ? shared(type, object, this.#form) : this.#form.event(type, object, isFirst)
  }

  #drained(): Promise<void> {
    return new Promise(resolve => {
      const settle = () => {
        this.#response.off('drain', settle)
        this.#response.off('close', settle)
        resolve()
      }
      this.#response.on('drain', settle)
      this.#response.on('close', settle)
    })
  }

  /** What waits is still sent. */
  #end(): void {
    this.#ended = true
    this.#stop()
    if (!this.#sending) this.#response.end()
  }

  #stop(): void {
    clearTimeout(this.#bookmarkTimer)
    for (const clean of this.#cleanup.splice(0)) clean()
  }
}

/** An event goes to all its watches in one turn: remembering the last one of a form is enough to encode it once. */
const last = new Map<
  string,
  { readonly type: string; readonly object: StoredObject; readonly bytes: Buffer }
>()

function shared(type: string, object: StoredObject, form: EventStream): Buffer {
  const known = last.get(form.contentType)
  if (known?.object === object && known.type === type) return known.bytes
  const bytes = form.event(type, object, false)
  last.set(form.contentType, { type, object, bytes })
  return bytes
}
