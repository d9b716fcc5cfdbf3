/** With fewer dots than this, a pod tries its search path before the name itself (`ndots` of its resolv.conf). */
const NDOTS = 5

/** The search path of a pod in the namespace `default`. */
const SEARCH_PATH = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local']

/** The names that a pod asks for, in order, to resolve a host. */
export function namesToTry(host: string): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)]
  const searched = SEARCH_PATH.map(suffix => `${host}.${suffix}`)
  const dots = host.split('.').length - 1
  return dots < NDOTS ? [...searched, host] : [host, ...searched]
}
