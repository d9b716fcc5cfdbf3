/** With fewer dots than this, a pod tries its search path before the name itself (`ndots` of its resolv.conf). */
const NDOTS = 5

/** The names that a pod of a namespace asks for, in order, to resolve a host. */
export function namesToTry(host: string, namespace: string): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)]
  const searched = [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'].map(
    suffix => `${host}.${suffix}`,
  )
  const dots = host.split('.').length - 1
  return dots < NDOTS ? [...searched, host] : [host, ...searched]
}
