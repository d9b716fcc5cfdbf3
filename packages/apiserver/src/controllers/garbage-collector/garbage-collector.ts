/**
 * Removes what has lost its owners, holds back owners that are deleted in the foreground, and frees the
 * dependents of those that are deleted as orphans.
 */
import type {
  OwnerReference,
  ResourceDefinition,
  ResourceKey,
  StoredObject,
} from '../../registry/definition.ts'
import type { Registry } from '../../registry/registry.ts'
import type { LocalEvent } from '../../rest/local-watch.ts'
import type { ControllerContext } from '../controller.ts'
import type { EveryResource } from '../every-resource.ts'
import { WorkQueue } from '../work-queue.ts'
import { type GraphNode, OwnerGraph } from './owner-graph.ts'
import { FOREGROUND, isHeldBy, ORPHAN, type OwnerState, verdictOn } from './verdict.ts'

const NAME = 'garbage-collector'

export class GarbageCollector {
  readonly #context: ControllerContext
  readonly #graph = new OwnerGraph()
  readonly #queue: WorkQueue
  readonly #ends: (() => void)[]

  constructor(context: ControllerContext, everything: EveryResource) {
    this.#context = context
    this.#queue = new WorkQueue(
      uid => this.#reconcile(uid),
      (uid, error) => context.onError(NAME, describe(this.#graph.get(uid), uid), error),
    )
    this.#ends = [
      everything.subscribe((resource, event) => this.#onEvent(resource, event)),
      context.registry.onChange(() => this.#lookAgain()),
    ]
  }

  stop(): void {
    for (const end of this.#ends) end()
    this.#queue.stop()
  }

  /** Owners of kinds that were unknown may be known now. */
  #lookAgain(): void {
    for (const { uid, owners } of this.#graph.nodes()) if (owners.size > 0) this.#queue.add(uid)
  }

  #onEvent(resource: ResourceKey, { type, object }: LocalEvent): void {
    const { uid } = object.metadata
    const known = this.#graph.get(uid)
    if (type === 'DELETED') {
      this.#graph.remove(uid)
      for (const owner of known?.owners ?? []) this.#queue.add(owner)
      for (const dependent of this.#graph.dependentsOf(uid)) this.#queue.add(dependent.uid)
      return
    }
    const lost = this.#graph.put(resource, object)
    for (const owner of lost) this.#queue.add(owner)
    const isHeld = isHeldBy(object, FOREGROUND) || isHeldBy(object, ORPHAN)
    if (isHeld || (object.metadata.ownerReferences ?? []).length > 0) this.#queue.add(uid)
  }

  #reconcile(uid: string): undefined {
    const node = this.#graph.get(uid)
    const object = node && this.#read(node)
    if (node === undefined || object === undefined) return
    if (isHeldBy(object, ORPHAN)) this.#orphan(node, object)
    else if (isHeldBy(object, FOREGROUND)) this.#awaitDependents(node, object)
    else if (object.metadata.deletionTimestamp === undefined) this.#judge(node, object)
  }

  #judge(node: GraphNode, object: StoredObject): void {
    const hasDependents = this.#graph.dependentsOf(node.uid).length > 0
    const verdict = verdictOn(object, owner => this.#stateOf(owner, object), hasDependents)
    if (verdict.action === 'disown') this.#disown(node, object, verdict.owners)
    else if (verdict.action === 'delete') {
      const { resource, namespace, name, uid } = node
      this.#context.api.delete(resource, namespace, name, {
        propagationPolicy: verdict.policy,
        preconditions: { uid },
      })
    }
  }

  /** An owner in the foreground goes when no dependent says that it must stay; those that do are looked at. */
  #awaitDependents(node: GraphNode, object: StoredObject): void {
    const dependents = this.#graph.dependentsOf(node.uid)
    const blocking = dependents.filter(dependent => this.#blocks(dependent, node.uid))
    if (blocking.length === 0) this.#dropFinalizer(node, object, FOREGROUND)
    for (const dependent of blocking) this.#queue.add(dependent.uid)
  }

  /** A dependent that waits for its own dependents does not block in turn: a circle would never end. */
  #blocks(dependent: GraphNode, owner: string): boolean {
    const object = this.#read(dependent)
    const reference = object?.metadata.ownerReferences?.find(({ uid }) => uid === owner)
    if (object === undefined || reference?.blockOwnerDeletion !== true) return false
    const isInCircle =
      isHeldBy(object, FOREGROUND) && this.#graph.get(owner)?.owners.has(dependent.uid) === true
    return !isInCircle
  }

  #orphan(node: GraphNode, object: StoredObject): void {
    for (const dependent of this.#graph.dependentsOf(node.uid)) {
      const found = this.#read(dependent)
      if (found) this.#disown(dependent, found, [node.uid])
    }
    this.#dropFinalizer(node, object, ORPHAN)
  }

  #disown(node: GraphNode, object: StoredObject, owners: readonly string[]): void {
    const left = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !owners.includes(uid))
    this.#patchMetadata(node, object, { ownerReferences: left.length > 0 ? left : null })
  }

  #dropFinalizer(node: GraphNode, object: StoredObject, finalizer: string): void {
    const left = (object.metadata.finalizers ?? []).filter(name => name !== finalizer)
    this.#patchMetadata(node, object, { finalizers: left.length > 0 ? left : null })
  }

  #patchMetadata(
    { resource, namespace, name }: GraphNode,
    { metadata }: StoredObject,
    changes: object,
  ): void {
    const { uid, resourceVersion } = metadata
    this.#context.api.patch(resource, namespace, name, { metadata: { uid, resourceVersion, ...changes } })
  }

  #stateOf(reference: OwnerReference, dependent: StoredObject): OwnerState {
    const definition = definitionOf(this.#context.registry, reference)
    const { namespace } = dependent.metadata
    if (definition === undefined || (definition.namespaced && namespace === undefined)) return 'unknown'
    const owner = this.#context.api.get(
      definition,
      definition.namespaced ? namespace : undefined,
      reference.name,
    )
    if (owner?.metadata.uid !== reference.uid) return 'dangling'
    return isHeldBy(owner, FOREGROUND) ? 'waiting' : 'solid'
  }

  /** The object as it is now, unless another one has its name. */
  #read({ resource, namespace, name, uid }: GraphNode): StoredObject | undefined {
    if (this.#context.registry.preferred(resource) === undefined) return undefined
    const found = this.#context.api.get(resource, namespace, name)
    return found?.metadata.uid === uid ? found : undefined
  }
}

function definitionOf(
  registry: Registry,
  { apiVersion, kind }: OwnerReference,
): ResourceDefinition | undefined {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  for (const version of registry.versions(group)) {
    const found = registry.resources(group, version).find(definition => definition.kind === kind)
    if (found) return found
  }
  return undefined
}

function describe(node: GraphNode | undefined, uid: string): string {
  return node ? `${node.resource.plural} ${node.namespace ?? ''}/${node.name}` : uid
}
