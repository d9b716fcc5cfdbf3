import type { KubernetesObject, ResourceType } from '@isthmus/api'

/** Which of a kind's objects: all, those of a namespace, or one. */
export interface Target {
  namespace?: string | undefined
  name?: string | undefined
  subresource?: string | undefined
}

/**
 * `/api/v1/namespaces/demo/services/hello/status`, every part escaped. Throws a TypeError for an object
 * without its namespace or an empty name: the path would be that of something else.
 */
export function resourcePath(type: ResourceType, { namespace, name, subresource }: Target): string {
  const parts = type.group === '' ? ['/api', type.version] : ['/apis', type.group, type.version]
  if (type.namespaced && namespace) parts.push('namespaces', segment(namespace))
  else if (type.namespaced && name !== undefined)
    throw new TypeError(`${type.kind} "${name}" is in no namespace`)
  parts.push(type.plural)
  if (name !== undefined) parts.push(segment(name))
  if (subresource !== undefined) parts.push(segment(subresource))
  return parts.join('/')
}

function segment(text: string): string {
  if (text === '' || text === '.' || text === '..')
    throw new TypeError(`"${text}" is not the name of an object`)
  return encodeURIComponent(text)
}

/** `?a=1&b=2` of what is defined; empty if nothing is. */
export function queryString(parameters: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  return query.size === 0 ? '' : `?${query}`
}

/** `serviceimports.multicluster.x-k8s.io/status`, as kubectl writes it. */
export function resourceName(type: ResourceType, subresource?: string): string {
  const resource = type.group === '' ? type.plural : `${type.plural}.${type.group}`
  return subresource === undefined ? resource : `${resource}/${subresource}`
}

/** `namespace/name`, or `name` of a cluster-scoped object: the key of stores and queues. */
export function objectKey({
  metadata: { namespace, name = '' },
}: Pick<KubernetesObject, 'metadata'>): string {
  return namespace ? `${namespace}/${name}` : name
}

/** The parts of an object's key. */
export function parseKey(key: string): { namespace?: string; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
