import type { ResourceKey, StoredObject } from '../../registry/definition.ts'

/** Where an object is, and who owns it: all that the graph keeps of it. */
export interface GraphNode {
  readonly uid: string
  readonly resource: ResourceKey
  readonly namespace: string | undefined
  readonly name: string
  readonly owners: ReadonlySet<string>
}

/** Who owns whom, by uid. Owners need not be there: their dependents are found all the same. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  nodes(): Iterable<GraphNode> {
    return this.#nodes.values()
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap(dependent => this.#nodes.get(dependent) ?? [])
  }

  /** Answers the owners that the object has lost. */
  put(resource: ResourceKey, { metadata }: StoredObject): string[] {
    const { uid, namespace, name } = metadata
    const owners = new Set(metadata.ownerReferences?.map(owner => owner.uid))
    const before = this.#nodes.get(uid)?.owners ?? new Set<string>()
    this.#nodes.set(uid, { uid, resource, namespace, name, owners })
    for (const owner of owners) this.#link(owner, uid)
    const lost = [...before].filter(owner => !owners.has(owner))
    for (const owner of lost) this.#unlink(owner, uid)
    return lost
  }

  remove(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) this.#unlink(owner, uid)
    this.#nodes.delete(uid)
  }

  #link(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner)
    if (dependents) dependents.add(dependent)
    else this.#dependents.set(owner, new Set([dependent]))
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner)
    dependents?.delete(dependent)
    if (dependents?.size === 0) this.#dependents.delete(owner)
  }
}
