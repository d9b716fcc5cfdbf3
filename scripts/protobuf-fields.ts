/**
 * Writes packages/apiserver/src/representations/protobuf/fields.json: the protobuf field numbers of the
 * built-in kinds.
 *
 *     node scripts/protobuf-fields.ts FOLDER-OF-k8s.io/api FOLDER-OF-k8s.io/apimachinery
 *
 * Numbers come from the generated.proto files of both modules, v0.36.2 (Apache-2.0). Only fields that the
 * schemas know (types.json) are kept; a field that they do not know is a Go struct embedded in its parent,
 * whose fields are the parent's own in JSON: `inline`. A scalar that is a pointer in Go's types.go bears `*`:
 * its zero is a value, that of others is nothing.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Types = Record<string, Record<string, Record<string, string>>>

const root = new URL('..', import.meta.url)
const schema: Types = JSON.parse(
  readFileSync(new URL('packages/apiserver/src/schema/builtin/types.json', root), 'utf8'),
)

interface Field {
  readonly name: string
  readonly number: string
  /** Of proto: `string`, `.k8s.io.api.core.v1.Volume`. */
  readonly type: string
  readonly shape: 'one' | 'list' | 'map'
}

/** By full name, such as `k8s.io.api.core.v1.Volume`. */
const messages = new Map<string, Field[]>()

const FIELD = /^\s*(optional|repeated|map<string, ([\w.]+)>)\s+(?:([\w.]+)\s+)?(\w+) = (\d+)/

for (const folder of process.argv.slice(2)) {
  for (const file of globSync('**/generated.proto', { cwd: folder }))
    read(readFileSync(join(folder, file), 'utf8'))
}

function read(text: string): void {
  const pkg = /^package ([\w.]+);/m.exec(text)?.[1] ?? ''
  let fields: Field[] = []
  for (const line of text.split('\n')) {
    const message = /^message (\w+) \{/.exec(line)?.[1]
    if (message) {
      fields = []
      messages.set(`${pkg}.${message}`, fields)
    }
    const match = FIELD.exec(line)
    if (!match) continue
    const [, label = '', mapped, single, name = '', number = ''] = match
    const type = (mapped ?? single ?? '').replace(/^\./, '')
    const full = /^[a-z0-9]+$/.test(type) ? type : type.includes('.') ? type : `${pkg}.${type}`
    fields.push({ name, number, type: full, shape: mapped ? 'map' : label === 'repeated' ? 'list' : 'one' })
  }
}

/** `Struct.field` of scalars that are pointers, by the folder's last two parts: group and version. */
const pointers = new Set<string>()

for (const folder of process.argv.slice(2)) {
  for (const file of globSync('**/types*.go', { cwd: folder })) {
    const pkg = file.split('/').slice(-3, -1).join('.')
    let struct = ''
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      struct = /^type (\w+) struct/.exec(line)?.[1] ?? struct
      const pointer = /^\s+\w+\s+\*[\w.]+\s+`json:"(\w+)/.exec(line)?.[1]
      if (pointer) pointers.add(`${pkg}.${struct}.${pointer}`)
    }
  }
}

/** Types that are no struct in JSON, by the end of their name. */
const SPECIAL: Record<string, string> = {
  'meta.v1.Time': 'time',
  'meta.v1.MicroTime': 'microTime',
  'meta.v1.FieldsV1': 'raw',
  'resource.Quantity': 'quantity',
  'intstr.IntOrString': 'intOrString',
  'runtime.RawExtension': 'raw',
  'v1.ExtraValue': 'strings',
  'v1.Verbs': 'strings',
}

const short = (full: string): string =>
  full
    .split('.')
    .slice(-3)
    .join('.')
    .replace(/^apis\./, '')

function notation(type: string, pkg: string): string {
  const special = Object.entries(SPECIAL).find(([end]) => type.endsWith(end))
  if (special) return special[1]
  if (!type.includes('.')) return type
  const [group, version, name] = short(type).split('.') as [string, string, string]
  reach(type)
  return `${group}.${version}` === pkg ? name : `${group}.${version}.${name}`
}

const SCALARS = new Set(['string', 'bool', 'int32', 'int64', 'double'])

const written: Types = {}

function reach(full: string): void {
  const [group, version, name] = short(full).split('.') as [string, string, string]
  const pkg = `${group}.${version}`
  written[pkg] ??= {}
  if (written[pkg][name]) return
  const described: Record<string, string> = {}
  written[pkg][name] = described
  const known = schema[pkg]?.[name]
  for (const { name: protoName, ...rest } of messages.get(full) ?? []) {
    const field = { ...rest, name: jsonName(protoName, known) }
    const isKnown = known === undefined || field.name in known
    const isEmbedded =
      !isKnown && field.shape === 'one' && field.type.includes('.') && isPartOf(field.type, known)
    if (!isKnown && !isEmbedded) continue
    const type = notation(field.type, pkg)
    const shaped = field.shape === 'list' ? `[${type}]` : field.shape === 'map' ? `{${type}}` : type
    const isPointer = SCALARS.has(type) && pointers.has(`${pkg}.${name}.${field.name}`)
    described[field.name] = `${field.number} ${shaped}${isEmbedded ? ' inline' : isPointer ? ' *' : ''}`
  }
}

/** A few protobuf names differ from JSON's by case (`aPIGroup`). */
const jsonName = (name: string, known: Record<string, string> = {}): string =>
  name in known ? name : (Object.keys(known).find(key => key.toLowerCase() === name.toLowerCase()) ?? name)

/** Whether the parent has the message's fields as its own. */
const isPartOf = (type: string, parent: Record<string, string>): boolean => {
  const fields = messages.get(type) ?? []
  return fields.some(
    ({ name, type: inner }) => name in parent || (inner.includes('.') && isPartOf(inner, parent)),
  )
}

for (const full of messages.keys()) {
  const [group, version, name] = short(full).split('.') as [string, string, string]
  const fields = schema[`${group}.${version}`]?.[name]
  const isServed = fields && 'kind' in fields && 'apiVersion' in fields && full.includes('.api.')
  if (isServed) reach(full)
}
for (const name of ['DeleteOptions', 'PartialObjectMetadata', 'ListMeta', 'Status']) {
  reach(`k8s.io.apimachinery.pkg.apis.meta.v1.${name}`)
}

const text = Object.entries(written)
  .filter(([, types]) => Object.keys(types).length > 0)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([pkg, types]) => {
    const rows = Object.entries(types).map(
      ([name, fields]) => `${JSON.stringify(name)}:${JSON.stringify(fields)}`,
    )
    return `${JSON.stringify(pkg)}:{\n${rows.join(',\n')}}`
  })
const target = new URL('packages/apiserver/src/representations/protobuf/fields.json', root)
writeFileSync(target, `{${text.join(',\n')}}\n`)
console.log(`${Object.values(written).reduce((sum, types) => sum + Object.keys(types).length, 0)} types`)
