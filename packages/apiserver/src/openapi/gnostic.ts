/**
 * OpenAPI v2 in protobuf, the only form of it that kubectl asks for: to check objects of kinds that v3 does not
 * have. Field numbers are those of openapiv2/OpenAPIv2.proto of github.com/google/gnostic-models.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Document } from './components.ts'

/** Media type, as client-go asks for it and as it was written before. */
export const GNOSTIC = /application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf/

/** Of a document with `info` and `definitions`; others of its fields are left out. */
export function encodeGnostic({ swagger, info, definitions }: Document): Buffer {
  const { title, version } = info as Document
  const writer = new BinaryWriter()
  text(writer, 1, swagger)
  message(writer, 2, inner => {
    text(inner, 1, title)
    text(inner, 2, version)
  })
  message(writer, 8, () => {})
  message(writer, 9, inner => named(inner, 1, definitions as Document, schema))
  return Buffer.from(writer.finish())
}

function text(writer: BinaryWriter, number: number, value: unknown): void {
  if (typeof value === 'string' && value !== '') writer.tag(number, WireType.LengthDelimited).string(value)
}

function message(writer: BinaryWriter, number: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(number, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}

/** Maps are lists of a name and a value. */
function named(
  writer: BinaryWriter,
  number: number,
  map: Document,
  write: (inner: BinaryWriter, value: Document) => void,
): void {
  for (const [name, value] of Object.entries(map)) {
    message(writer, number, entry => {
      text(entry, 1, name)
      message(entry, 2, inner => write(inner, value as Document))
    })
  }
}

function schema(writer: BinaryWriter, shown: Document): void {
  // A reference with a description stands in allOf, which readers of v2 do not follow.
  const [base] = (shown.allOf ?? []) as Document[]
  text(writer, 1, shown.$ref ?? base?.$ref)
  text(writer, 2, shown.format)
  text(writer, 4, shown.description)
  for (const field of (shown.required ?? []) as string[]) text(writer, 19, field)
  const { additionalProperties: rest, items, properties } = shown
  if (rest !== undefined) {
    message(writer, 21, inner => {
      if (typeof rest === 'object') message(inner, 1, value => schema(value, rest as Document))
      else inner.tag(2, WireType.Varint).bool(rest === true)
    })
  }
  // Numbers that may be texts are texts in v2.
  const type = shown.oneOf ? 'string' : shown.type
  if (type !== undefined) message(writer, 22, inner => text(inner, 1, type))
  if (items) message(writer, 23, inner => message(inner, 1, value => schema(value, items as Document)))
  if (properties) message(writer, 25, inner => named(inner, 1, properties as Document, schema))
  for (const [name, value] of Object.entries(shown)) {
    if (!name.startsWith('x-')) continue
    message(writer, 31, entry => {
      text(entry, 1, name)
      message(entry, 2, inner => text(inner, 2, JSON.stringify(value)))
    })
  }
}
