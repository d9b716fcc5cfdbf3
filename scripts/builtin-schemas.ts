/**
 * Writes packages/apiserver/src/schema/builtin/types.json: the fields and types of the built-in kinds.
 *
 *     node scripts/builtin-schemas.ts
 *
 * Names and types come from the data tables of @kubernetes/client-node's models (Kubernetes 1.36, Apache-2.0);
 * what those leave out (list types, merge keys, defaults, enums, which strings are quantities) from
 * builtin-schema-facts.json beside this file, which was read off the markers in k8s.io/api v0.36.2,
 * k8s.io/apimachinery v0.36.2 and k8s.io/apiextensions-apiserver v0.36.2.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

type Facts = Record<string, Record<string, Record<string, string>>>
interface Attribute {
  readonly baseName: string
  readonly type: string
  readonly format: string
}

const root = new URL('..', import.meta.url)
const models = new URL('node_modules/@kubernetes/client-node/dist/gen/models/', root)
const facts: Facts = JSON.parse(readFileSync(new URL('scripts/builtin-schema-facts.json', root), 'utf8'))

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** The client's class for `core.v1` `ServiceSpec`: `V1ServiceSpec`, or `CoreV1...` where groups share a name. */
function classOf(pkg: string, name: string): string | undefined {
  const [group = '', version = ''] = pkg.split('.')
  return [capital(group) + capital(version) + name, capital(version) + name].find(candidate =>
    existsSync(new URL(`${candidate}.js`, models)),
  )
}

const typeOfClass = new Map<string, { pkg: string; name: string }>()
for (const [pkg, types] of Object.entries(facts))
  for (const name of Object.keys(types)) {
    const found = classOf(pkg, name)
    if (found && !typeOfClass.has(found)) typeOfClass.set(found, { pkg, name })
  }

const plain: Record<string, string> = {
  string: 'string',
  boolean: 'bool',
  Date: 'time',
  any: 'any',
  IntOrString: 'intOrString',
}

/** The short notation that builtin-types.ts reads: `string`, `[ServicePort]`, `{quantity}`, `meta.v1.ObjectMeta`. */
function notation(type: string, format: string, quantity: boolean, pkg: string): string {
  const list = type.match(/^Array<(.*)>$/)
  if (list?.[1]) return `[${notation(list[1], format, quantity, pkg)}]`
  const map = type.match(/^\{ \[key: string\]: (.*); \}$/)
  if (map?.[1]) return `{${notation(map[1], format, quantity, pkg)}}`
  if (quantity) return 'quantity'
  if (format === 'byte') return 'bytes'
  if (format === 'date-time-micro' || type === 'V1MicroTime') return 'microTime'
  if (type === 'number') return format === 'double' ? 'double' : format || 'int32'
  const simple = plain[type]
  if (simple) return simple
  const target = typeOfClass.get(type)
  if (!target) return 'any'
  reach(type)
  return target.pkg === pkg ? target.name : `${target.pkg}.${target.name}`
}

const fields = new Map<string, Record<string, string>>()

function reach(className: string): void {
  if (fields.has(className)) return
  const { pkg, name } = typeOfClass.get(className) as { pkg: string; name: string }
  const known = facts[pkg]?.[name] ?? {}
  const described: Record<string, string> = known['.'] ? { '.': known['.'] } : {}
  fields.set(className, described)
  const declaration = readFileSync(new URL(`${className}.d.ts`, models), 'utf8')
  for (const { baseName, type, format } of tables.get(className) ?? []) {
    const words = (known[baseName] ?? '').split(' ').filter(word => word !== '')
    const quantity = words.includes('quantity')
    const required = declaration.includes(`'${baseName}':`) ? ['required'] : []
    described[baseName] = [
      notation(type, format, quantity, pkg),
      ...required,
      ...words.filter(w => w !== 'quantity'),
    ].join(' ')
  }
}

const tables = new Map<string, readonly Attribute[]>()
for (const className of typeOfClass.keys()) {
  const module = await import(pathToFileURL(new URL(`${className}.js`, models).pathname).href)
  tables.set(className, module[className].attributeTypeMap)
}
for (const [className, table] of tables) {
  const names = new Set(table.map(attribute => attribute.baseName))
  const isKind = names.has('apiVersion') && names.has('kind') && names.has('metadata') && !names.has('items')
  if (isKind || className === 'V1DeleteOptions' || className === 'V1Status') reach(className)
}

const types: Record<string, Record<string, Record<string, string>>> = {}
for (const [className, described] of [...fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const { pkg, name } = typeOfClass.get(className) as { pkg: string; name: string }
  types[pkg] ??= {}
  types[pkg][name] = described
}
const lines = Object.entries(types).map(([pkg, byName]) => {
  const rows = Object.entries(byName).map(
    ([name, described]) => `${JSON.stringify(name)}:${JSON.stringify(described)}`,
  )
  return `${JSON.stringify(pkg)}:{\n${rows.join(',\n')}}`
})
writeFileSync(new URL('packages/apiserver/src/schema/builtin/types.json', root), `{${lines.join(',\n')}}\n`)
console.log(`${fields.size} types`)
