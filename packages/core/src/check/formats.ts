/** Formats of names, as apimachinery's validation has them. */

const LABEL_1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const PORT_NAME = LABEL_1123
const QUALIFIED_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/

/** One RFC 1123 label of at most 63: names of namespaces, Services, hostnames, and our cluster ids. */
export function isDNSLabel(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 63 && LABEL_1123.test(text)
}

/** The name of a Service's port, which may be none. */
export function isPortName(text: unknown): text is string {
  return typeof text === 'string' && (text === '' || (text.length <= 63 && PORT_NAME.test(text)))
}

export function isPortNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535
}

/** Several RFC 1123 labels joined by dots, at most 253. */
export function isDNSSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every(label => LABEL_1123.test(label))
}

/** A label or annotation key: `name` or `prefix/name`. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2 || name.length > 63 || !QUALIFIED_NAME.test(name)) return false
  return parts.length === 1 || isDNSSubdomain(parts[0] ?? '')
}

export function isLabelValue(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 63 && LABEL_VALUE.test(text)
}
