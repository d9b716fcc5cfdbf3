/**
 * Compares two resourceVersions of one kind: negative, 0 or positive as for sort; undefined if one is not a
 * decimal number. Clients may compare them since Kubernetes 1.35 (KEP-5504); servers before count up too.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

const DECIMAL = /^(0|[1-9]\d*)$/
