/** For objects that every namespace has. */
import type { LocalApi } from '../../rest/local-api.ts'
import type { Watch } from '../controller.ts'
import { NAMESPACES } from './namespace-controller.ts'

/** The namespace of an object of this name. */
export const namespaceOf =
  (name: string): Watch['keysOf'] =>
  (object, before) => {
    const metadata = (object ?? before)?.metadata
    return metadata?.name === name && metadata.namespace ? [metadata.namespace] : []
  }

/** Whether the namespace is there, and not on its way out. */
export function lives(api: LocalApi, namespace: string): boolean {
  const found = api.get(NAMESPACES, undefined, namespace)
  return found !== undefined && found.metadata.deletionTimestamp === undefined
}
