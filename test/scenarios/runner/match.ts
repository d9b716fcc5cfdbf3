/** Partial objects against real ones. */
import { isIP } from 'node:net'

/**
 * What placeholders have stood for: `<ip:1>` is one address wherever it occurs, and another than `<ip:2>`.
 * Kinds: ip, time, uid, text.
 */
export type Bindings = ReadonlyMap<string, string>

export type Match =
  | { readonly matches: true; readonly bindings: Bindings }
  | { readonly matches: false; readonly why: string }

/**
 * Whether what is there is as expected: fields given must match, lists must match item by item. `/…/` is a
 * pattern, `<absent>` a field that must not be there, `<length:5>` a list of five, `<any>` anything. A map
 * against a list of conditions looks them up by type, and `True Ready` is a condition's status and reason.
 */
export function match(expected: unknown, actual: unknown, bindings: Bindings = new Map()): Match {
  const bound = new Map(bindings)
  const why = difference(expected, actual, bound, '')
  return why === undefined ? { matches: true, bindings: bound } : { matches: false, why }
}

const VALID: Record<string, (text: string) => boolean> = {
  ip: text => isIP(text) !== 0,
  time: text => !Number.isNaN(Date.parse(text)),
  uid: text => text.length > 0,
  text: () => true,
}

function difference(
  expected: unknown,
  actual: unknown,
  bound: Map<string, string>,
  path: string,
): string | undefined {
  if (typeof expected === 'string') return differentText(expected, actual, bound, path)
  if (Array.isArray(expected)) return differentList(expected, actual, bound, path)
  if (typeof expected === 'object' && expected !== null) return differentFields(expected, actual, bound, path)
  return expected === actual ? undefined : unlike(path, expected, actual)
}

function differentText(
  expected: string,
  actual: unknown,
  bound: Map<string, string>,
  path: string,
): string | undefined {
  if (expected === '<absent>') return actual === undefined ? undefined : unlike(path, 'nothing', actual)
  if (expected === '<any>') return actual === undefined ? unlike(path, 'anything', actual) : undefined
  const pattern = /^\/(.*)\/$/s.exec(expected)?.[1]
  if (pattern !== undefined) {
    return typeof actual === 'string' && new RegExp(pattern).test(actual)
      ? undefined
      : unlike(path, expected, actual)
  }
  const [, kind, id] = /^<(\w+):(\w+)>$/.exec(expected) ?? []
  if (kind === 'length') {
    return Array.isArray(actual) && actual.length === Number(id)
      ? undefined
      : unlike(path, `${id} items`, Array.isArray(actual) ? `${actual.length} items` : actual)
  }
  if (kind !== undefined && Object.hasOwn(VALID, kind))
    return differentFromBound(expected, kind, actual, bound, path)
  return expected === actual ? undefined : unlike(path, expected, actual)
}

function differentFromBound(
  placeholder: string,
  kind: string,
  actual: unknown,
  bound: Map<string, string>,
  path: string,
): string | undefined {
  if (typeof actual !== 'string' || !VALID[kind]?.(actual)) return unlike(path, placeholder, actual)
  const before = bound.get(placeholder)
  if (before !== undefined) {
    return before === actual ? undefined : unlike(path, `${placeholder}, which was ${before}`, actual)
  }
  for (const [other, value] of bound) {
    if (value === actual && other.startsWith(`<${kind}:`))
      return unlike(path, `${placeholder}, another than ${other}`, actual)
  }
  bound.set(placeholder, actual)
  return undefined
}

function differentList(
  expected: readonly unknown[],
  actual: unknown,
  bound: Map<string, string>,
  path: string,
): string | undefined {
  if (!Array.isArray(actual) || actual.length !== expected.length) return unlike(path, expected, actual)
  for (const [i, item] of expected.entries()) {
    const why = difference(item, actual[i], bound, `${path}[${i}]`)
    if (why !== undefined) return why
  }
  return undefined
}

function differentFields(
  expected: object,
  actual: unknown,
  bound: Map<string, string>,
  path: string,
): string | undefined {
  if (typeof actual !== 'object' || actual === null) return unlike(path, expected, actual)
  const isByType = Array.isArray(actual)
  for (const [field, value] of Object.entries(expected)) {
    const found = isByType
      ? actual.find(item => item?.type === field)
      : (actual as Record<string, unknown>)[field]
    const wanted = isByType && typeof value === 'string' ? conditionOf(value) : value
    const why = difference(wanted, found, bound, path === '' ? field : `${path}.${field}`)
    if (why !== undefined) return why
  }
  return undefined
}

function conditionOf(text: string): unknown {
  const [, status, reason] = /^(True|False|Unknown) (\S+)$/.exec(text) ?? []
  return status === undefined ? text : { status, reason }
}

function unlike(path: string, expected: unknown, actual: unknown): string {
  const shown = (value: unknown) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
    return text.length > 700 ? `${text.slice(0, 700)}…` : text
  }
  return `${path}: expected ${shown(expected)}, found ${shown(actual)}`
}
