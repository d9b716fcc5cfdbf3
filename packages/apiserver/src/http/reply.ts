/** An answer in the form that the client asked for: settled before anything is done, sent after. */
import { stringify } from 'yaml'
import type { StoredObject } from '../registry/definition.ts'
import { compact, pretty, yaml } from '../representations/list-layouts.ts'
import { type Accepted, negotiate } from '../representations/negotiate.ts'
import {
  encodeContent,
  encodeEvent,
  encodeList,
  encodeObject,
  hasMessage,
  PROTOBUF,
} from '../representations/protobuf/envelope.ts'
import {
  type ListMeta,
  type PlainObject,
  type Representation,
  representationOf,
} from '../representations/representation.ts'
import { parseIncludeObject } from '../representations/table.ts'
import { apiVersionOf } from '../rest/environment.ts'
import { SCALE_COLUMNS } from '../rest/scale.ts'
import { failure } from '../status/status.ts'
import type { Exchange } from './exchange.ts'
import { booleanParameter } from './query.ts'
import type { ResourceRequest } from './resource-request.ts'

/** Items that one turn turns into protobuf. */
const TURN_ITEMS = 100

export type Expected = 'object' | 'list' | 'watch'

export class Reply {
  readonly #exchange: Exchange
  readonly #accepted: Accepted
  readonly #form: Representation

  /** Throws a 400 or 406 StatusError. */
  constructor({ definition, environment, exchange, path }: ResourceRequest, expected: Expected) {
    const shown = path.subresource === 'scale' ? { ...definition, columns: SCALE_COLUMNS } : definition
    const hasProtobuf = hasMessage({ apiVersion: apiVersionOf(definition), kind: definition.kind })
    const accepted = negotiate(exchange.header('accept'), hasProtobuf)
    // A stream needs frames, which YAML has none of.
    if (expected === 'watch' && accepted.mediaType === 'application/yaml') throw notStreamed()
    const isListOfMetadata = accepted.shape === 'PartialObjectMetadataList' && expected === 'watch'
    this.#exchange = exchange
    this.#accepted = isListOfMetadata ? { ...accepted, shape: 'PartialObjectMetadata' } : accepted
    this.#form = representationOf(shown, this.#accepted, {
      isList: expected === 'list',
      include: parseIncludeObject(exchange.query.get('includeObject')),
      now: environment.now(),
    })
  }

  object(object: StoredObject, status = 200): Promise<void> {
    const { mediaType } = this.#accepted
    const plain = this.#form.plain(object) as PlainObject
    if (mediaType !== PROTOBUF || !hasMessage(plain)) return this.#text(this.#form.object(object), status)
    return this.#exchange.send(status, PROTOBUF, encodeObject(plain))
  }

  /** Any document, such as a Status, whatever the form. */
  document(document: object, status = 200): Promise<void> {
    return this.#text(JSON.stringify(document), status)
  }

  list(metadata: ListMeta, items: readonly StoredObject[]): Promise<void> {
    const { mediaType } = this.#accepted
    if (mediaType === PROTOBUF) return this.#protobufList(metadata, items)
    const layout = mediaType === 'application/yaml' ? yaml : this.#isPretty() ? pretty : compact
    return this.#exchange.sendPieces(mediaType, layout(this.#form.list(metadata), items))
  }

  /** How a watch is written. */
  get stream(): EventStream {
    const form = this.#form
    if (this.#accepted.mediaType === PROTOBUF) {
      return {
        contentType: `${PROTOBUF};stream=watch`,
        isShared: form.isShared,
        event: (type, object) => encodeEvent(type, encodeObject(form.plain(object) as PlainObject)),
        error: status => encodeEvent('ERROR', encodeObject(status as unknown as PlainObject)),
      }
    }
    return {
      contentType: 'application/json',
      isShared: form.isShared,
      event: (type, object, isFirst) => line(type, form.event(object, isFirst)),
      error: status => line('ERROR', JSON.stringify(status)),
    }
  }

  async #protobufList(metadata: ListMeta, items: readonly StoredObject[]): Promise<void> {
    const encoded: Uint8Array[] = []
    for (const item of items) {
      encoded.push(encodeContent(this.#form.plain(item) as PlainObject))
      if (encoded.length % TURN_ITEMS === 0) await new Promise(done => setImmediate(done))
    }
    await this.#exchange.send(200, PROTOBUF, encodeList(this.#form.listKind, { ...metadata }, encoded))
  }

  #text(text: string, status: number): Promise<void> {
    if (this.#accepted.mediaType === 'application/yaml') {
      return this.#exchange.send(status, 'application/yaml', stringify(JSON.parse(text)))
    }
    const shown = this.#isPretty() ? JSON.stringify(JSON.parse(text), null, 2) : text
    return this.#exchange.send(status, 'application/json', shown)
  }

  #isPretty(): boolean {
    return booleanParameter(this.#exchange.query, 'pretty') ?? false
  }
}

export interface EventStream {
  readonly contentType: string
  /** Whether an event is the same bytes for every watch of this form. */
  readonly isShared: boolean
  event(type: string, object: StoredObject, isFirst: boolean): Buffer
  error(status: object): Buffer
}

const notStreamed = () =>
  failure(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
  )

const line = (type: string, object: string): Buffer => Buffer.from(`{"type":"${type}","object":${object}}\n`)
