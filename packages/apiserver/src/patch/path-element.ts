/**
 * One step of a field path, in the notation of FieldsV1: `f:name` of a field, `k:{"name":"a"}` of a list's element by
 * its keys, `v:"x"` of a set's element by its value.
 */
import { isPlainObject } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'

export type PathElement = string

export const fieldElement = (name: string): PathElement => `f:${name}`

/** The element of a list's item; a key that is left out counts as its default. */
export function itemElement(list: Schema, item: unknown): PathElement {
  const keys = list['x-kubernetes-list-map-keys']
  if (list['x-kubernetes-list-type'] !== 'map' || !keys) return `v:${JSON.stringify(item)}`
  const named: Record<string, unknown> = {}
  for (const key of [...keys].sort()) named[key] = keyValue(list, item, key) ?? null
  return `k:${JSON.stringify(named)}`
}

/** The value of one key of an item, or its default; undefined if it has neither. */
export function keyValue(list: Schema, item: unknown, key: string): unknown {
  const value = isPlainObject(item) && Object.hasOwn(item, key) ? item[key] : undefined
  return value ?? list.items?.properties?.[key]?.default
}

/** Whether a text from outside is an element: managedFields may be written by clients. */
export function isElement(text: string): boolean {
  if (text.startsWith('f:') || /^i:\d+$/.test(text)) return true
  if (!text.startsWith('k:') && !text.startsWith('v:')) return false
  try {
    const value: unknown = JSON.parse(text.slice(2))
    return text.startsWith('v:') || isPlainObject(value)
  } catch {
    return false
  }
}

/** As conflicts show it: `.name`, `[name="a"]`, `[="x"]`. */
export function printElement(element: PathElement): string {
  const rest = element.slice(2)
  if (element.startsWith('f:')) return `.${rest}`
  if (element.startsWith('v:')) return `[=${rest}]`
  if (element.startsWith('i:')) return `[${rest}]`
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>)
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
}

export const printPath = (path: readonly PathElement[]): string => path.map(printElement).join('')
