/** Which resources are served, in which versions. Definitions come and go at run time (CustomResourceDefinitions). */
import type { ResourceDefinition, ResourceKey } from './definition.ts'

export interface GroupVersion {
  readonly group: string
  readonly version: string
}

export class Registry {
  /** By group, in order of registration; then by version, in order of preference. */
  readonly #groups = new Map<string, Map<string, Map<string, ResourceDefinition>>>()
  readonly #listeners = new Set<() => void>()
  #generation = 0

  /** Grows with every change: what is derived from definitions (discovery, OpenAPI) is cached under it. */
  get generation(): number {
    return this.#generation
  }

  /** Serves a resource in one version, in place of what was registered under the same group, version, plural. */
  register(definition: ResourceDefinition): void {
    const versions = this.#groups.get(definition.group) ?? new Map<string, Map<string, ResourceDefinition>>()
    this.#groups.set(definition.group, versions)
    const resources = versions.get(definition.version) ?? new Map<string, ResourceDefinition>()
    resources.set(definition.plural, definition)
    versions.set(definition.version, resources)
    this.#changed()
  }

  /** Ends serving a resource in a version, or in all; its stored objects stay. */
  unregister(key: ResourceKey & { readonly version?: string }): void {
    const versions = this.#groups.get(key.group)
    if (versions === undefined) return
    for (const [version, resources] of versions) {
      if (key.version !== undefined && key.version !== version) continue
      resources.delete(key.plural)
      if (resources.size === 0) versions.delete(version)
    }
    if (versions.size === 0) this.#groups.delete(key.group)
    this.#changed()
  }

  lookup(group: string, version: string, plural: string): ResourceDefinition | undefined {
    return this.#groups.get(group)?.get(version)?.get(plural)
  }

  /** The definition of a resource in its preferred version. */
  preferred(key: ResourceKey): ResourceDefinition | undefined {
    for (const version of this.versions(key.group)) {
      const definition = this.lookup(key.group, version, key.plural)
      if (definition) return definition
    }
    return undefined
  }

  groups(): string[] {
    return [...this.#groups.keys()]
  }

  /** Versions of a group, the preferred one first: by stability, then by number, as Kubernetes orders them. */
  versions(group: string): string[] {
    return [...(this.#groups.get(group)?.keys() ?? [])].sort(compareVersions)
  }

  /** Definitions of a group in a version, by plural. */
  resources(group: string, version: string): ResourceDefinition[] {
    const resources = this.#groups.get(group)?.get(version)
    return [...(resources?.values() ?? [])].sort((a, b) => (a.plural < b.plural ? -1 : 1))
  }

  /** Every definition, in every version. */
  all(): ResourceDefinition[] {
    return this.groups().flatMap(group => this.versions(group).flatMap(v => this.resources(group, v)))
  }

  /** Whether a group has a resource that is built in: unknown paths below such a group get a Status. */
  isBuiltIn(group: string): boolean {
    for (const resources of this.#groups.get(group)?.values() ?? []) {
      for (const definition of resources.values()) if (!definition.custom) return true
    }
    return false
  }

  /** Calls the listener after every change. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    this.#generation++
    for (const listener of this.#listeners) listener()
  }
}

const KUBE_VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/
const STABILITY = { '': 2, beta: 1, alpha: 0 }

/** GA before beta before alpha, higher numbers first; other names last, by name. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [rank(a), rank(b)]
  if (x === undefined || y === undefined) return x ? -1 : y ? 1 : a < b ? -1 : 1
  for (const [i, value] of x.entries()) {
    const difference = (y[i] as number) - value
    if (difference !== 0) return difference
  }
  return 0
}

function rank(version: string): number[] | undefined {
  const match = KUBE_VERSION.exec(version)
  if (!match) return undefined
  return [STABILITY[(match[2] ?? '') as keyof typeof STABILITY], Number(match[1]), Number(match[3] ?? 0)]
}
