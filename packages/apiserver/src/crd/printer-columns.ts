/** What `kubectl get` shows of custom resources. */
import type { Column, StoredObject } from '../registry/definition.ts'
import { AGE_COLUMN, age, NAME_COLUMN } from '../representations/columns.ts'
import type { CrdColumn } from './crd.ts'
import { type JsonPath, parseJsonPath } from './json-path.ts'

/** Name and what the definition asks for, or name and age. */
export function printerColumns(columns: readonly CrdColumn[] | undefined): readonly Column[] {
  if (!columns?.length) return [NAME_COLUMN, { ...AGE_COLUMN, type: 'date' }]
  return [NAME_COLUMN, ...columns.map(printerColumn)]
}

function printerColumn({ name, type, format = '', description, priority = 0, jsonPath }: CrdColumn): Column {
  const find = parseJsonPath(jsonPath)
  return {
    name,
    type: type as Column['type'],
    format,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    cell: (object, now) => cell(type, find, object, now),
  }
}

/** A value of another type than the column's is not shown. */
function cell(type: string, find: JsonPath, object: StoredObject, now: Date): unknown {
  const found = find(object)
  const [first] = found
  if (first === undefined || first === null) return null
  switch (type) {
    case 'string':
      return found.map(printed).join(' ')
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null
    case 'number':
      return typeof first === 'number' ? first : null
    case 'boolean':
      return typeof first === 'boolean' ? first : null
    case 'date':
      return typeof first !== 'string'
        ? null
        : Number.isNaN(Date.parse(first))
          ? '<invalid>'
          : age(first, now)
    default:
      return null
  }
}

const printed = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value)
