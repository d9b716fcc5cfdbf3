/** One request and its answer: reads the body within bounds, sends what the answer is made of. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import { requestTooLarge } from '../status/failures.ts'
import type { StatusError } from '../status/status.ts'

export type Request = IncomingMessage | Http2ServerRequest
export type Response = ServerResponse | Http2ServerResponse

const BODY_LIMIT = 3 * 1024 * 1024
/** Answers from this size on are compressed, if the client wants it. */
const GZIP_FROM = 128 * 1024
const GZIP_LEVEL = constants.Z_BEST_SPEED
/** A long answer goes out in pieces of about this size, and other requests have their turn in between. */
const PIECE = 64 * 1024
const TURN_MILLISECONDS = 8

/** All requests are of one flow and one priority; clients that look for these headers find them. */
const FLOW_SCHEMA_UID = randomUUID()
const PRIORITY_LEVEL_UID = randomUUID()

const gzipAsync = promisify(gzip)
const turn = () => new Promise<void>(done => setImmediate(done))

export class Exchange {
  readonly request: Request
  readonly response: Response
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly #warnings: string[] = []
  #body: Promise<Buffer> | undefined

  constructor(request: Request, response: Response) {
    this.request = request
    this.response = response
    this.method = request.method ?? 'GET'
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    this.path = mark === -1 ? url : url.slice(0, mark)
    this.query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
    response.setHeader('audit-id', this.header('audit-id') ?? randomUUID())
    response.setHeader('cache-control', 'no-cache, private')
    response.setHeader('x-kubernetes-pf-flowschema-uid', FLOW_SCHEMA_UID)
    response.setHeader('x-kubernetes-pf-prioritylevel-uid', PRIORITY_LEVEL_UID)
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /** The answer bears a `Warning` header. A text that is there already is not repeated. */
  readonly warn = (text: string): void => {
    const header = `299 - "${text.replace(/[\\"]/g, c => `\\${c}`)}"`
    if (!this.#warnings.includes(header)) this.#warnings.push(header)
  }

  /** The whole body. Throws a 413 StatusError. */
  body(): Promise<Buffer> {
    this.#body ??= this.#readBody()
    return this.#body
  }

  async #readBody(): Promise<Buffer> {
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of this.request) {
      size += piece.length
      if (size > BODY_LIMIT) throw requestTooLarge(BODY_LIMIT)
      pieces.push(piece)
    }
    return Buffer.concat(pieces, size)
  }

  async send(status: number, contentType: string, text: string | Buffer): Promise<void> {
    const body = typeof text === 'string' ? Buffer.from(text) : text
    if (body.length >= GZIP_FROM && this.#acceptsGzip()) {
      const compressed = await gzipAsync(body, { level: GZIP_LEVEL })
      this.#markGzip()
      return this.#end(status, contentType, compressed)
    }
    this.#end(status, contentType, body)
  }

  sendText(status: number, text: string): Promise<void> {
    this.response.setHeader('x-content-type-options', 'nosniff')
    return this.send(status, 'text/plain; charset=utf-8', text)
  }

  sendError(error: StatusError): Promise<void> {
    const retryAfter = error.status.details?.retryAfterSeconds
    if (retryAfter !== undefined) this.response.setHeader('retry-after', String(retryAfter))
    // What is left of the body is not read. HTTP/2 has no such header: there the stream alone ends.
    if (error.code === 413 && this.request.httpVersionMajor === 1)
      this.response.setHeader('connection', 'close')
    return this.send(error.code, 'application/json', JSON.stringify(error.status))
  }

  /** Sends a text whose pieces are made one after the other, without holding up the event loop or the memory. */
  async sendPieces(contentType: string, pieces: Iterable<string>): Promise<void> {
    const iterator = pieces[Symbol.iterator]()
    const first = takePiece(iterator)
    if (first.done) return this.send(200, contentType, first.text)
    const compress = this.#acceptsGzip()
    if (compress) this.#markGzip()
    this.writeHead(200, contentType)
    const response = this.response as ServerResponse
    const compressor = compress ? createGzip({ level: GZIP_LEVEL }) : undefined
    compressor?.pipe(response)
    const out = (compressor ?? response) as NodeJS.WritableStream
    for (let piece = first; !response.destroyed; piece = takePiece(iterator)) {
      if (!out.write(piece.text)) await drained(out, response)
      if (piece.done) break
      await turn()
    }
    out.end()
  }

  writeHead(status: number, contentType: string): void {
    if (this.#warnings.length > 0) this.response.setHeader('warning', this.#warnings)
    this.response.setHeader('content-type', contentType)
    ;(this.response as ServerResponse).writeHead(status)
  }

  #end(status: number, contentType: string, body: Buffer): void {
    if (this.response.headersSent || this.response.destroyed) return
    this.response.setHeader('content-length', body.length)
    this.writeHead(status, contentType)
    this.response.end(this.method === 'HEAD' ? '' : body)
  }

  #acceptsGzip(): boolean {
    return /(^|[\s,])gzip($|[\s,;])/.test(this.header('accept-encoding') ?? '')
  }

  #markGzip(): void {
    this.response.setHeader('content-encoding', 'gzip')
    this.response.setHeader('vary', 'Accept-Encoding')
  }
}

/** As much as one turn may make. */
function takePiece(iterator: Iterator<string>): { readonly text: string; readonly done: boolean } {
  const started = performance.now()
  let text = ''
  for (;;) {
    const { value, done } = iterator.next()
    if (done) return { text, done: true }
    text += value
    if (text.length >= PIECE || performance.now() - started > TURN_MILLISECONDS) return { text, done: false }
  }
}

/** Until the stream takes more, or the client is gone. */
function drained(out: NodeJS.WritableStream, response: NodeJS.EventEmitter): Promise<void> {
  return new Promise(resolve => {
    const settle = () => {
      out.off('drain', settle)
      response.off('close', settle)
      resolve()
    }
    out.on('drain', settle)
    response.on('close', settle)
  })
}

/** Who writes, if it does not say: the program's name at the front of the user agent. */
export const userAgentName = (exchange: Exchange): string =>
  (exchange.header('user-agent') ?? '').split('/', 1)[0]?.slice(0, 128) || 'unknown'
