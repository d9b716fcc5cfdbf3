/** What a token can be bound to beside its ServiceAccount: it dies with that object. */
import type { ReadableStorage, ResourceKey, StoredObject } from '../../registry/definition.ts'

export interface Bindable {
  readonly key: ResourceKey
  readonly namespaced: boolean
  /** Name of the claim. */
  readonly claim: 'pod' | 'secret' | 'node'
}

export const SERVICE_ACCOUNTS: ResourceKey = { group: '', plural: 'serviceaccounts' }
export const NODE: Bindable = { key: { group: '', plural: 'nodes' }, namespaced: false, claim: 'node' }

/** By kind; all of `v1`. */
export const BINDABLE: ReadonlyMap<string, Bindable> = new Map([
  ['Pod', { key: { group: '', plural: 'pods' }, namespaced: true, claim: 'pod' }],
  ['Secret', { key: { group: '', plural: 'secrets' }, namespaced: true, claim: 'secret' }],
  ['Node', NODE],
])

export const boundObject = (
  storage: ReadableStorage,
  { key, namespaced }: Bindable,
  namespace: string,
  name: string,
): StoredObject | undefined => storage.get(key, namespaced ? namespace : undefined, name)
