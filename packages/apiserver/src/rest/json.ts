/** JSON values: plain, without cycles. */
import { setOwn } from '../schema/plain-object.ts'

/** A copy that may be changed; undefined fields are dropped. Several times faster than structuredClone. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneJson) as T
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key]
    if (part !== undefined) setOwn(copy, key, cloneJson(part))
  }
  return copy as T
}

/** Whether two values are the same, whatever the order of their keys. An undefined field is an absent one. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  }
  if (Array.isArray(b)) return false
  const [fields, others] = [a as Record<string, unknown>, b as Record<string, unknown>]
  let count = 0
  for (const key of Object.keys(fields)) {
    if (fields[key] === undefined) continue
    count++
    if (!Object.hasOwn(others, key) || !equalJson(fields[key], others[key])) return false
  }
  for (const key of Object.keys(others)) if (others[key] !== undefined) count--
  return count === 0
}
