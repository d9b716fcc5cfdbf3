/** Kubernetes' envelope around a protobuf message: four bytes, then `runtime.Unknown` with kind and content. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { decodeMessage, ProtobufError } from './decode.ts'
import { encodeMessage } from './encode.ts'
import { messageOfKind } from './fields.ts'

export const PROTOBUF = 'application/vnd.kubernetes.protobuf'

const MAGIC = Buffer.from('k8s\0')

interface TypeMeta {
  readonly kind: string
  readonly apiVersion: string
}

export const hasMessage = ({ apiVersion, kind }: TypeMeta): boolean =>
  messageOfKind(apiVersion, kind) !== undefined

/** An object whose kind has a message. */
export function encodeObject(object: TypeMeta & Readonly<Record<string, unknown>>): Buffer {
  return wrap(object, [encodeContent(object)])
}

/** Without the envelope, as an item of a list is. */
export function encodeContent(object: TypeMeta & Readonly<Record<string, unknown>>): Uint8Array {
  const { apiVersion, kind } = object
  const message = messageOfKind(apiVersion, kind)
  if (message === undefined) throw new ProtobufError(`${apiVersion} ${kind} has no protobuf message`)
  return encodeMessage(message, object)
}

/** A list of items that are encoded already: 1 is its metadata, 2 each item. */
export function encodeList(
  type: TypeMeta,
  metadata: Readonly<Record<string, unknown>>,
  items: readonly Uint8Array[],
): Buffer {
  const meta = messageOfKind('meta/v1', 'ListMeta')
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited)
  head.bytes(meta ? encodeMessage(meta, metadata) : new Uint8Array())
  const pieces: Uint8Array[] = [head.finish()]
  for (const item of items) {
    pieces.push(new BinaryWriter().tag(2, WireType.LengthDelimited).uint32(item.length).finish(), item)
  }
  return wrap(type, pieces)
}

/** A watch event as a frame: its length in four bytes, then `WatchEvent` with the object in its envelope. */
export function encodeEvent(type: string, object: Buffer): Buffer {
  const raw = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(object).finish()
  const event = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(type)
    .tag(2, WireType.LengthDelimited)
    .bytes(raw)
    .finish()
  const body = wrap({ kind: 'WatchEvent', apiVersion: 'v1' }, [event])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** The object in a request. Throws a ProtobufError. */
export function decodeObject(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ProtobufError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    )
  }
  const { kind, apiVersion, raw } = unwrap(bytes.subarray(MAGIC.length))
  const message = messageOfKind(apiVersion, kind)
  if (message === undefined)
    throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return { kind, apiVersion, ...decodeMessage(message, raw) }
}

function wrap({ apiVersion, kind }: TypeMeta, pieces: readonly Uint8Array[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const head = new BinaryWriter()
  head.tag(1, WireType.LengthDelimited).fork()
  head
    .tag(1, WireType.LengthDelimited)
    .string(apiVersion)
    .tag(2, WireType.LengthDelimited)
    .string(kind)
    .join()
  head.tag(2, WireType.LengthDelimited).uint32(length)
  // Go always writes both strings that say how the content is encoded, here with nothing.
  const tail = new BinaryWriter()
    .tag(3, WireType.LengthDelimited)
    .string('')
    .tag(4, WireType.LengthDelimited)
    .string('')
  return Buffer.concat([MAGIC, head.finish(), ...pieces, tail.finish()])
}

function unwrap(bytes: Uint8Array): TypeMeta & { readonly raw: Uint8Array } {
  const type = { apiVersion: '', kind: '' }
  let raw: Uint8Array = new Uint8Array()
  try {
    const reader = new BinaryReader(bytes)
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag()
      if (number === 1) {
        const meta = new BinaryReader(reader.bytes())
        while (meta.pos < meta.len) {
          const [field, wire] = meta.tag()
          if (field === 1) type.apiVersion = meta.string()
          else if (field === 2) type.kind = meta.string()
          else meta.skip(wire, field)
        }
      } else if (number === 2) raw = reader.bytes()
      else reader.skip(wireType, number)
    }
  } catch (error) {
    throw new ProtobufError((error as Error).message)
  }
  return { ...type, raw }
}
