/**
 * Label and annotation prefixes that steer controllers: an exporter must not be able to steer those of
 * another cluster. A prefix covers its subdomains.
 */
export const RESERVED_PREFIXES: readonly string[] = [
  'kubernetes.io',
  'k8s.io',
  'x-k8s.io',
  'isthmus.dev',
  'argocd.argoproj.io',
  'argoproj.io',
  'fluxcd.io',
  'helm.sh',
  'istio.io',
  'linkerd.io',
  'cilium.io',
  'cert-manager.io',
]

/** Labels or annotations without those that a cluster does not want from others. */
export function withoutPrefixes(
  entries: Readonly<Record<string, string>>,
  reserved: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !isSteering(key, reserved)))
}

/** Whether a key's prefix is reserved, or inside a reserved domain. */
export function isSteering(key: string, reserved: readonly string[] = RESERVED_PREFIXES): boolean {
  const slash = key.indexOf('/')
  if (slash === -1) return false
  const prefix = key.slice(0, slash)
  return reserved.some(domain => prefix === domain || prefix.endsWith(`.${domain}`))
}
