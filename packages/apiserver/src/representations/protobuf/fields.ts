/** Which field of a message has which number and type: fields.json, read when protobuf is first spoken. */
import { readFileSync } from 'node:fs'

export type ScalarType = 'string' | 'bool' | 'int32' | 'int64' | 'double' | 'bytes'
/** Messages that are no struct in JSON. */
export type SpecialType = 'time' | 'microTime' | 'quantity' | 'intOrString' | 'raw' | 'strings'

export interface MessageField {
  /** In JSON. */
  readonly name: string
  readonly number: number
  readonly shape: 'one' | 'list' | 'map'
  /** The fields of the message are its parent's own in JSON. */
  readonly isInline: boolean
  readonly type: ScalarType | SpecialType | 'message'
  /** A scalar whose zero means something: Go's type is a pointer. Others are written though they are not set. */
  readonly isPointer: boolean
  /** Of `message`: its fields. Looked up when needed, as types may refer to themselves. */
  readonly message: () => Message
}

export interface Message {
  readonly fields: readonly MessageField[]
  readonly byNumber: ReadonlyMap<number, MessageField>
}

type Table = Record<string, Record<string, Record<string, string>>>

const PLAIN = new Set<string>([
  ...['string', 'bool', 'int32', 'int64', 'double', 'bytes'],
  ...['time', 'microTime', 'quantity', 'intOrString', 'raw', 'strings'],
])

let table: Table | undefined
const known = new Map<string, Message>()

function read(): Table {
  table ??= JSON.parse(readFileSync(new URL('fields.json', import.meta.url), 'utf8')) as Table
  return table
}

/** The message of a kind, such as ('apps/v1', 'Deployment'); undefined if it has none. */
export function messageOfKind(apiVersion: string, kind: string): Message | undefined {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? 'core' : (apiVersion.slice(0, slash).split('.', 1)[0] as string)
  const version = apiVersion.slice(slash + 1)
  return find(`${group}.${version}`, kind) ?? (kind === 'DeleteOptions' ? find('meta.v1', kind) : undefined)
}

function find(pkg: string, name: string): Message | undefined {
  const key = `${pkg}.${name}`
  const built = known.get(key)
  if (built) return built
  const described = read()[pkg]?.[name]
  if (described === undefined) return undefined
  const fields = Object.entries(described).map(([field, words]) => fieldOf(pkg, field, words))
  const message = { fields, byNumber: new Map(fields.map(field => [field.number, field])) }
  known.set(key, message)
  return message
}

function fieldOf(pkg: string, name: string, words: string): MessageField {
  const [number, shaped = '', mark] = words.split(' ')
  const shape = shaped.startsWith('[') ? 'list' : shaped.startsWith('{') ? 'map' : 'one'
  const type = shape === 'one' ? shaped : shaped.slice(1, -1)
  const dot = type.lastIndexOf('.')
  const target = dot < 0 ? ([pkg, type] as const) : ([type.slice(0, dot), type.slice(dot + 1)] as const)
  return {
    name,
    number: Number(number),
    shape,
    isInline: mark === 'inline',
    isPointer: mark === '*',
    type: PLAIN.has(type) ? (type as ScalarType) : 'message',
    message: () => find(...target) as Message,
  }
}
