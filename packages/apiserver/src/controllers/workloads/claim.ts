import type { OwnerReference, ResourceKey, StoredObject } from '../../registry/definition.ts'
import type { LocalApi } from '../../rest/local-api.ts'
import { matchesLabelSelector } from '../../selectors/label-selector.ts'
import { keyOf } from '../../storage/collection.ts'
import {
  controllerOf,
  controllerReference,
  isControlledBy,
  itsController,
  type Watch,
} from '../controller.ts'
import type { WorkloadSpec } from './workload.ts'

/**
 * The objects that belong to the owner. It takes over those that it selects and nobody controls, and lets go of
 * those that it no longer selects; what is being deleted stays with whom it was with.
 */
export function claim<T extends StoredObject>(
  api: LocalApi,
  resource: ResourceKey,
  owner: StoredObject & { spec: WorkloadSpec },
  mayAdopt: (object: T) => boolean = () => true,
): T[] {
  const objects = api.list(resource, owner.metadata.namespace) as readonly T[]
  const owners = (object: T) => object.metadata.ownerReferences ?? []
  return objects.flatMap(object => {
    const isOwn = isControlledBy(object, owner)
    if (isLeaving(owner) || isLeaving(object)) return isOwn ? [object] : []
    const isSelected = matchesLabelSelector(owner.spec.selector, object.metadata.labels)
    if (isOwn && !isSelected) {
      setOwners(
        api,
        resource,
        object,
        owners(object).filter(({ uid }) => uid !== owner.metadata.uid),
      )
      return []
    }
    if (isOwn) return [object]
    if (!isSelected || controllerOf(object) !== undefined || !mayAdopt(object)) return []
    return [setOwners(api, resource, object, [...owners(object), controllerReference(owner)])]
  })
}

/** Keys of who may have to claim an object: its controller, or without one all that select it. */
export function itsClaimants(
  api: LocalApi,
  resource: ResourceKey,
  apiVersion: string,
  kind: string,
): Watch['keysOf'] {
  const ofController = itsController(apiVersion, kind)
  return (object, before) => {
    if (object === undefined || controllerOf(object) !== undefined) return ofController(object, before)
    const owners = api.list(resource, object.metadata.namespace) as readonly (StoredObject & {
      spec: WorkloadSpec
    })[]
    const selecting = owners.filter(({ spec }) => matchesLabelSelector(spec.selector, object.metadata.labels))
    return [...ofController(undefined, before), ...selecting.map(keyOf)]
  }
}

const isLeaving = ({ metadata }: StoredObject): boolean => metadata.deletionTimestamp !== undefined

function setOwners<T extends StoredObject>(
  api: LocalApi,
  resource: ResourceKey,
  { metadata: { uid, resourceVersion, namespace, name } }: T,
  owners: readonly OwnerReference[],
): T {
  const ownerReferences = owners.length > 0 ? owners : null
  return api.patch(resource, namespace, name, { metadata: { uid, resourceVersion, ownerReferences } }) as T
}
