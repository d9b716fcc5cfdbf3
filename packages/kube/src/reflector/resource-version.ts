const DECIMAL = /^(0|[1-9]\d*)$/

/**
 * Whether one resourceVersion of a kind is before another. They are decimal numbers that may be compared
 * (KEP-5504, since Kubernetes 1.35; in practice since ever); of what is none, nothing is before anything.
 */
export function isLower(version: string, than: string | undefined): than is string {
  if (than === undefined || !DECIMAL.test(version) || !DECIMAL.test(than)) return false
  return version.length === than.length ? version < than : version.length < than.length
}
