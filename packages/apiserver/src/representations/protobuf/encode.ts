/** From JSON values to protobuf, by the tables of field numbers. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Message, MessageField } from './fields.ts'

type Fields = Readonly<Record<string, unknown>>

export function encodeMessage(message: Message, value: Fields): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter()
  writeFields(writer, message, value)
  return writer.finish()
}

function writeFields(writer: BinaryWriter, message: Message, value: Fields): void {
  for (const field of message.fields) {
    if (field.isInline) {
      const inner = new BinaryWriter()
      writeFields(inner, field.message(), value)
      const bytes = inner.finish()
      if (bytes.length > 0) writer.tag(field.number, WireType.LengthDelimited).bytes(bytes)
      continue
    }
    const found = value[field.name]
    if (found === undefined || found === null) continue
    if (field.shape === 'list') for (const item of found as unknown[]) writeValue(writer, field, item)
    else if (field.shape === 'map') writeMap(writer, field, found as Fields)
    else writeValue(writer, field, found)
  }
}

/** A map is a list of messages: 1 is the key, 2 the value. Sorted, as Go writes it. */
function writeMap(writer: BinaryWriter, field: MessageField, map: Fields): void {
  for (const key of Object.keys(map).sort()) {
    writer.tag(field.number, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(key)
    writeValue(writer, { ...field, number: 2 }, map[key])
    writer.join()
  }
}

function writeValue(writer: BinaryWriter, field: MessageField, value: unknown): void {
  const { number, type } = field
  switch (type) {
    case 'string':
      writer.tag(number, WireType.LengthDelimited).string(String(value))
      break
    case 'bool':
      writer.tag(number, WireType.Varint).bool(value === true)
      break
    case 'int32':
      writer.tag(number, WireType.Varint).int32(value as number)
      break
    case 'int64':
      writer.tag(number, WireType.Varint).int64(value as number)
      break
    case 'double':
      writer.tag(number, WireType.Bit64).double(value as number)
      break
    case 'bytes':
      writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(value as string, 'base64'))
      break
    default:
      writer.tag(number, WireType.LengthDelimited).fork()
      writeMessage(writer, field, value)
      writer.join()
  }
}

function writeMessage(writer: BinaryWriter, field: MessageField, value: unknown): void {
  switch (field.type) {
    case 'time':
    case 'microTime':
      writeTime(writer, String(value))
      break
    case 'quantity':
      writer.tag(1, WireType.LengthDelimited).string(String(value))
      break
    case 'intOrString':
      if (typeof value === 'number')
        writer.tag(1, WireType.Varint).int64(0).tag(2, WireType.Varint).int32(value)
      else writer.tag(1, WireType.Varint).int64(1).tag(3, WireType.LengthDelimited).string(String(value))
      break
    case 'raw':
      writer.tag(1, WireType.LengthDelimited).bytes(Buffer.from(JSON.stringify(value)))
      break
    case 'strings':
      for (const item of value as string[]) writer.tag(1, WireType.LengthDelimited).string(item)
      break
    default:
      writeFields(writer, field.message(), value as Fields)
  }
}

/** Seconds since 1970 and, of a MicroTime, nanoseconds. */
function writeTime(writer: BinaryWriter, text: string): void {
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? ''
  const seconds = Math.floor(Date.parse(text.replace(/\.\d+/, '')) / 1000)
  writer.tag(1, WireType.Varint).int64(seconds)
  writer.tag(2, WireType.Varint).int32(Number(fraction.padEnd(9, '0')))
}
