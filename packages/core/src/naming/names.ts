import { createHash } from 'node:crypto'
import { isDNSLabel } from '../check/formats.ts'

/** Ten hexadecimal digits of sha256: short enough for a name, far from a collision among names of one cluster. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10)
}

/** `namespace/name`: the key of a multi-cluster service everywhere in Isthmus. */
export function serviceKey(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

/** The two halves of a {@link serviceKey}; undefined where it is not one. */
export function splitServiceKey(key: string): { namespace: string; name: string } | undefined {
  const slash = key.indexOf('/')
  if (slash <= 0 || slash === key.length - 1 || key.indexOf('/', slash + 1) !== -1) return undefined
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** Whether something that a peer sent is a {@link serviceKey}. */
export function isServiceKey(value: unknown): value is string {
  const parts = typeof value === 'string' ? splitServiceKey(value) : undefined
  return parts !== undefined && isDNSLabel(parts.namespace) && isDNSLabel(parts.name)
}

/** Name of the derived Service: at most 63 characters, the same in every member. */
export function derivedServiceName(namespace: string, name: string): string {
  return `${name.slice(0, 52)}-${digest(serviceKey(namespace, name))}`
}

/** Name of the ExportedService of a service. Neither part can hold a dot, so it has one reading only. */
export function recordName(namespace: string, name: string): string {
  return `${name}.${namespace}`
}

/** Name of the ExportedEndpoints made from one source EndpointSlice. */
export function chunkName(namespace: string, name: string, sliceName: string): string {
  return `${recordName(namespace, name)}.${digest(sliceName)}`
}

/**
 * Name of the imported EndpointSlice of one chunk of one member. The address type is part of it, as a
 * slice cannot change its own.
 */
export function importedSliceName(
  derivedName: string,
  clusterId: string,
  chunk: string,
  addressType: string,
): string {
  return `${derivedName}-${digest(`${clusterId}/${chunk}/${addressType}`)}`
}
