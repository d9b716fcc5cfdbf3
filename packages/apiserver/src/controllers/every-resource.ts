import type { ResourceKey } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import type { LocalApi } from '../rest/local-api.ts'
import type { LocalEvent } from '../rest/local-watch.ts'

export type ResourceListener = (resource: ResourceKey, event: LocalEvent) => void

/**
 * Follows all objects of all resources, those that are registered later too, once for all who listen.
 * Events are left out: there are many, and nothing waits for one (so does kube-controller-manager).
 */
export class EveryResource {
  readonly #api: LocalApi
  readonly #registry: Registry
  readonly #listeners = new Set<ResourceListener>()
  readonly #watches = new Map<string, () => void>()
  #endRegistryWatch = () => {}

  constructor({ api, registry }: { readonly api: LocalApi; readonly registry: Registry }) {
    this.#api = api
    this.#registry = registry
  }

  /** Listeners that are there before `start` are told of all that is stored. */
  subscribe(listener: ResourceListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#follow()
    this.#endRegistryWatch = this.#registry.onChange(() => this.#follow())
  }

  stop(): void {
    this.#endRegistryWatch()
    for (const end of this.#watches.values()) end()
    this.#watches.clear()
  }

  #follow(): void {
    const resources = new Map(storedResources(this.#registry).map(key => [`${key.plural}.${key.group}`, key]))
    resources.delete('events.')
    for (const [id, end] of this.#watches) {
      if (resources.has(id)) continue
      end()
      this.#watches.delete(id)
    }
    for (const [id, key] of resources) {
      if (this.#watches.has(id)) continue
      const tell = (event: LocalEvent) => {
        for (const listener of this.#listeners) listener(key, event)
      }
      this.#watches.set(id, this.#api.watch(key, tell))
    }
  }
}

/** Resources that have objects of their own, whatever versions they are served in. */
export function storedResources(
  registry: Registry,
  isWanted: (definition: { readonly namespaced: boolean }) => boolean = () => true,
): ResourceKey[] {
  const keys = new Map<string, ResourceKey>()
  for (const definition of registry.all()) {
    const { group, plural, verbs, storedAs } = definition
    if (storedAs !== undefined || !verbs.includes('watch') || !isWanted(definition)) continue
    keys.set(`${plural}.${group}`, { group, plural })
  }
  return [...keys.values()]
}
