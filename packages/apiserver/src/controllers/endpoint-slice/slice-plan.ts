/** Which EndpointSlices a Service should have, and what that changes. */
import { isDeepStrictEqual } from 'node:util'
import type { IPFamily } from '../../allocation/ip-address.ts'
import type { OwnerReference } from '../../registry/definition.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../resources/endpoint-slice-spec.ts'
import type { Service } from '../../resources/service-spec.ts'
import { controllerReference } from '../controller.ts'

export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by'
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
const HEADLESS_LABEL = 'service.kubernetes.io/headless'
export const CONTROLLER_NAME = 'endpointslice-controller.k8s.io'

/** kube-controller-manager's default of `--max-endpoints-per-slice`. */
export const MOST_ENDPOINTS_PER_SLICE = 100

/** Endpoints that have the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** A slice to make: what it shall hold, under a name of the server's choice. */
export interface NewSlice {
  readonly metadata: {
    readonly generateName: string
    readonly namespace: string
    readonly labels: Record<string, string>
    readonly ownerReferences: OwnerReference[]
  }
  readonly addressType: IPFamily
  readonly endpoints: readonly Endpoint[]
  readonly ports: readonly EndpointPort[]
}

export interface SlicePlan {
  readonly create: NewSlice[]
  readonly update: EndpointSlice[]
  readonly remove: EndpointSlice[]
}

/** A slice while the plan is made; without `from` it is a new one. */
interface Draft {
  readonly from?: EndpointSlice
  readonly ports: readonly EndpointPort[]
  endpoints: Endpoint[]
}

/**
 * Plans the slices of one address family. Endpoints stay in the slice they are in, new ones fill up slices
 * that change anyway, then those with room, then new ones: each change of a slice goes to every node.
 * `existing` are the family's slices that this controller made for the Service's name.
 */
export function planSlices(
  service: Service,
  family: IPFamily,
  groups: readonly EndpointGroup[],
  existing: readonly EndpointSlice[],
  most = MOST_ENDPOINTS_PER_SLICE,
): SlicePlan {
  const own = existing.filter(slice => isOwnedBy(slice, service))
  const placed = groups
    .flatMap(group =>
      place(
        group,
        own.filter(slice => isDeepStrictEqual(slice.ports ?? [], group.ports)),
        most,
      ),
    )
    .filter(draft => draft.endpoints.length > 0)
  // A Service without endpoints has one slice, and that is empty: it says that the controller has seen it.
  const drafts: Draft[] = placed.length > 0 ? placed : [{ ports: [], endpoints: [] }]
  const kept = new Set(drafts.map(draft => draft.from))
  const plan = changes(
    service,
    family,
    drafts,
    own.filter(slice => !kept.has(slice)),
  )
  plan.remove.push(...existing.filter(slice => !own.includes(slice)))
  return plan
}

function place(group: EndpointGroup, slices: readonly EndpointSlice[], most: number): Draft[] {
  const wanted = new Map(group.endpoints.map(endpoint => [identity(endpoint), endpoint]))
  const drafts = slices.map((from): Draft => {
    const endpoints = (from.endpoints ?? []).flatMap(endpoint => take(wanted, endpoint))
    return { from, ports: group.ports, endpoints }
  })
  const rest = [...wanted.values()]
  const fill = (draft: Draft) =>
    draft.endpoints.push(...rest.splice(0, Math.max(0, most - draft.endpoints.length)))
  const changing = drafts.filter(draft => draft.endpoints.length > 0 && hasChanged(draft))
  for (const draft of changing.sort((a, b) => b.endpoints.length - a.endpoints.length)) fill(draft)
  while (rest.length > 0) {
    const room = drafts.filter(({ endpoints }) => rest.length + endpoints.length <= most)
    const fullest = room.sort((a, b) => b.endpoints.length - a.endpoints.length)[0]
    const draft = fullest ?? { ports: group.ports, endpoints: [] }
    if (draft !== fullest) drafts.push(draft)
    fill(draft)
  }
  return drafts
}

/** The endpoint as it shall be, once. */
function take(wanted: Map<string, Endpoint>, endpoint: Endpoint): Endpoint[] {
  const key = identity(endpoint)
  const found = wanted.get(key)
  wanted.delete(key)
  return found ? [found] : []
}

const identity = ({ targetRef, addresses }: Endpoint): string => `${targetRef?.uid} ${addresses.join()}`

/** A slice that would go and one that would come are one that changes: nobody sees a moment without. */
function changes(
  service: Service,
  family: IPFamily,
  drafts: readonly Draft[],
  spare: EndpointSlice[],
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] }
  const labels = sliceLabels(service)
  for (const { from = spare.shift(), ports, endpoints } of drafts) {
    if (from === undefined) plan.create.push(newSlice(service, family, labels, ports, endpoints))
    else if (
      hasChanged({ from, ports, endpoints }) ||
      !isDeepStrictEqual({ ...from.metadata.labels }, labels)
    ) {
      plan.update.push({ ...from, metadata: { ...from.metadata, labels }, endpoints, ports: [...ports] })
    }
  }
  plan.remove.push(...spare)
  return plan
}

const hasChanged = ({ from, ports, endpoints }: Draft): boolean =>
  !isDeepStrictEqual(from?.endpoints ?? [], endpoints) || !isDeepStrictEqual(from?.ports ?? [], ports)

function newSlice(
  service: Service,
  family: IPFamily,
  labels: Record<string, string>,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): NewSlice {
  const { name, namespace = '' } = service.metadata
  const ownerReferences = [controllerReference(service)]
  return {
    metadata: { generateName: `${name}-`, namespace, labels, ownerReferences },
    addressType: family,
    endpoints,
    ports,
  }
}

/** Those of the Service, so that who selects Services by label can select their slices. */
export function sliceLabels({ metadata, spec }: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...labels } = metadata.labels ?? {}
  const hasIP = spec.clusterIP !== undefined && spec.clusterIP !== 'None'
  return {
    ...labels,
    ...(hasIP ? {} : { [HEADLESS_LABEL]: '' }),
    [MANAGED_BY_LABEL]: CONTROLLER_NAME,
    [SERVICE_NAME_LABEL]: metadata.name,
  }
}

const isOwnedBy = ({ metadata }: EndpointSlice, service: Service): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid) ?? false
