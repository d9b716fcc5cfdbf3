/** From protobuf to JSON values. The bytes are a client's: whatever they are, an answer or a ProtobufError comes out. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { setOwn } from '../../schema/plain-object.ts'
import type { Message, MessageField } from './fields.ts'

export class ProtobufError extends Error {
  override name = 'ProtobufError'
}

const DEPTH_LIMIT = 100

/** Throws a ProtobufError for bytes that are no such message. */
export function decodeMessage(message: Message, bytes: Uint8Array): Record<string, unknown> {
  try {
    const result: Record<string, unknown> = {}
    readFields(new BinaryReader(bytes), message, result, 0)
    return result
  } catch (error) {
    throw new ProtobufError((error as Error).message)
  }
}

function readFields(
  reader: BinaryReader,
  message: Message,
  result: Record<string, unknown>,
  depth: number,
): void {
  if (depth > DEPTH_LIMIT) throw new ProtobufError('nested too deeply')
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    const field = message.byNumber.get(number)
    if (field === undefined) reader.skip(wireType, number)
    else if (field.isInline) readFields(inner(reader), field.message(), result, depth + 1)
    else if (field.shape === 'map') readEntry(reader, field, result, depth)
    else if (field.shape === 'list') {
      const list = (result[field.name] ?? []) as unknown[]
      result[field.name] = list
      readItems(reader, field, wireType, list, depth)
    } else {
      const value = readValue(reader, field, depth)
      if (value !== undefined && (field.isPointer || !isZero(value))) result[field.name] = value
    }
  }
}

const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false

/** Numbers in a list may come packed into one field. */
function readItems(
  reader: BinaryReader,
  field: MessageField,
  wireType: WireType,
  list: unknown[],
  depth: number,
): void {
  const isNumber = field.type === 'int32' || field.type === 'int64'
  if (!isNumber || wireType !== WireType.LengthDelimited) {
    list.push(readValue(reader, field, depth))
    return
  }
  const packed = inner(reader)
  while (packed.pos < packed.len) list.push(readValue(packed, field, depth))
}

function readEntry(
  reader: BinaryReader,
  field: MessageField,
  result: Record<string, unknown>,
  depth: number,
): void {
  const entry = inner(reader)
  let key = ''
  let value: unknown
  while (entry.pos < entry.len) {
    const [number, wireType] = entry.tag()
    if (number === 1) key = entry.string()
    else if (number === 2) value = readValue(entry, field, depth)
    else entry.skip(wireType, number)
  }
  const map = (result[field.name] ?? {}) as Record<string, unknown>
  result[field.name] = map
  setOwn(map, key, value ?? (field.type === 'string' || field.type === 'bytes' ? '' : null))
}

function readValue(reader: BinaryReader, field: MessageField, depth: number): unknown {
  switch (field.type) {
    case 'string':
      return reader.string()
    case 'bool':
      return reader.bool()
    case 'int32':
      return reader.int32()
    case 'int64':
      return Number(reader.int64())
    case 'double':
      return reader.double()
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64')
    case 'message': {
      const result: Record<string, unknown> = {}
      readFields(inner(reader), field.message(), result, depth + 1)
      return result
    }
    default:
      return special(inner(reader), field.type)
  }
}

const inner = (reader: BinaryReader): BinaryReader => new BinaryReader(reader.bytes())

/** Messages whose JSON is a scalar; an empty time is none. */
function special(reader: BinaryReader, type: MessageField['type']): unknown {
  const fields = new Map<number, number | string | Uint8Array>()
  const strings: string[] = []
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (wireType === WireType.Varint) fields.set(number, Number(reader.int64()))
    else if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number)
    else if (type === 'raw') fields.set(number, reader.bytes())
    else {
      const text = reader.string()
      strings.push(text)
      fields.set(number, text)
    }
  }
  switch (type) {
    case 'time':
    case 'microTime':
      return fields.size === 0
        ? undefined
        : timeText(Number(fields.get(1) ?? 0), Number(fields.get(2) ?? 0), type)
    case 'quantity':
      return fields.get(1) ?? '0'
    case 'intOrString':
      return fields.get(1) === 1 ? (fields.get(3) ?? '') : (fields.get(2) ?? 0)
    case 'raw':
      return fields.has(1) ? JSON.parse(Buffer.from(fields.get(1) as Uint8Array).toString()) : undefined
    default:
      return strings
  }
}

/** Before the year 1 is Go's zero time, which is no time. */
function timeText(seconds: number, nanoseconds: number, type: 'time' | 'microTime'): string | undefined {
  const time = new Date(seconds * 1000)
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1) return undefined
  const text = time.toISOString().slice(0, 19)
  const micros = String(Math.floor(nanoseconds / 1000)).padStart(6, '0')
  return type === 'microTime' ? `${text}.${micros}Z` : `${text}Z`
}
