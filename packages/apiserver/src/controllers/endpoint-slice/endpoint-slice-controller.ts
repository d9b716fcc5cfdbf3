import type { IPFamily } from '../../allocation/ip-address.ts'
import type { StoredObject } from '../../registry/definition.ts'
import { ENDPOINT_SLICES, type EndpointSlice } from '../../resources/endpoint-slice-spec.ts'
import { isExternalName, SERVICES, type Service } from '../../resources/service-spec.ts'
import { type Controller, type ControllerContext, itself, splitKey } from '../controller.ts'
import { NODES, PODS, type Pod } from '../pod.ts'
import { endpointOf, endpointPorts, hasEndpoint } from './endpoint.ts'
import {
  CONTROLLER_NAME,
  type EndpointGroup,
  MANAGED_BY_LABEL,
  planSlices,
  SERVICE_NAME_LABEL,
  type SlicePlan,
} from './slice-plan.ts'
import { TRIGGER_TIME_ANNOTATION, TriggerTimes } from './trigger-times.ts'

const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** Keeps EndpointSlices for Services that select pods. Keys are those of Services. */
export function endpointSliceController({ api }: ControllerContext): Controller {
  const triggers = new TriggerTimes()

  /** Services whose selector chooses one of these labels. */
  const servicesOf = (namespace: string | undefined, ...labels: (Record<string, string> | undefined)[]) =>
    (api.list(SERVICES, namespace) as readonly Service[])
      .filter(({ spec }) => labels.some(some => selects(spec.selector, some)))
      .map(keyOf)

  return {
    name: 'endpointslice',
    watches: [
      { resource: SERVICES, keysOf: itself },
      {
        resource: PODS,
        keysOf: (pod, before) =>
          servicesOf((pod ?? before)?.metadata.namespace, pod?.metadata.labels, before?.metadata.labels),
      },
      {
        resource: NODES,
        keysOf(node, before) {
          if (node && before && zoneOf(node) === zoneOf(before)) return []
          const name = (node ?? before)?.metadata.name
          const pods = (api.list(PODS) as readonly Pod[]).filter(pod => pod.spec.nodeName === name)
          return new Set(pods.flatMap(({ metadata }) => servicesOf(metadata.namespace, metadata.labels)))
        },
      },
      { resource: ENDPOINT_SLICES, keysOf: (slice, before) => [slice, before].flatMap(serviceOfSlice) },
    ],

    reconcile(key) {
      const { namespace, name } = splitKey(key)
      const service = api.get(SERVICES, namespace, name) as Service | undefined
      // The slices of a Service that is gone are the garbage collector's.
      if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
        triggers.forget(key)
        return undefined
      }
      const { selector } = service.spec
      if (selector === undefined || isExternalName(service)) return undefined
      const pods = (api.list(PODS, namespace) as readonly Pod[]).filter(pod =>
        selects(selector, pod.metadata.labels),
      )
      const existing = slicesOf(key)
      const trigger = triggers.next(key, service, pods)
      const families = service.spec.ipFamilies ?? []
      for (const family of families) {
        const ofFamily = existing.filter(slice => slice.addressType === family)
        apply(planSlices(service, family, groupsOf(service, pods, family), ofFamily), trigger)
      }
      for (const slice of existing.filter(({ addressType }) => !families.includes(addressType as IPFamily)))
        remove(slice)
      return undefined
    },
  }

  function slicesOf(key: string): EndpointSlice[] {
    const { namespace } = splitKey(key)
    return (api.list(ENDPOINT_SLICES, namespace) as readonly EndpointSlice[]).filter(
      slice => serviceOfSlice(slice)[0] === key,
    )
  }

  /** Endpoints by the ports that their pods have. */
  function groupsOf(service: Service, pods: readonly Pod[], family: IPFamily): EndpointGroup[] {
    const found = pods.flatMap(pod => {
      const node = pod.spec.nodeName ? api.get(NODES, undefined, pod.spec.nodeName) : undefined
      const endpoint = hasEndpoint(pod, node, service) && endpointOf(pod, node, service, family)
      return endpoint ? [{ endpoint, ports: endpointPorts(service, pod) }] : []
    })
    return [...Map.groupBy(found, ({ ports }) => JSON.stringify(ports)).values()].map(group => ({
      ports: group[0]?.ports ?? [],
      endpoints: group.map(({ endpoint }) => endpoint),
    }))
  }

  function apply({ create, update, remove: removed }: SlicePlan, trigger: string | undefined): void {
    const annotations: Record<string, string> =
      trigger === undefined ? {} : { [TRIGGER_TIME_ANNOTATION]: trigger }
    for (const slice of create)
      api.create(ENDPOINT_SLICES, { ...slice, metadata: { ...slice.metadata, annotations } })
    for (const slice of update) {
      const { [TRIGGER_TIME_ANNOTATION]: _, ...others } = slice.metadata.annotations ?? {}
      api.update(ENDPOINT_SLICES, {
        ...slice,
        metadata: { ...slice.metadata, annotations: { ...others, ...annotations } },
      })
    }
    for (const slice of removed) remove(slice)
  }

  function remove({ metadata: { namespace, name, uid } }: EndpointSlice): void {
    api.delete(ENDPOINT_SLICES, namespace, name, { preconditions: { uid } })
  }
}

const keyOf = ({ metadata }: StoredObject): string => `${metadata.namespace}/${metadata.name}`

const zoneOf = (node: StoredObject): string | undefined => node.metadata.labels?.[ZONE_LABEL]

/** The key of the Service that this controller keeps the slice for. */
function serviceOfSlice(slice: StoredObject | undefined): string[] {
  const { labels = {}, namespace } = slice?.metadata ?? {}
  const service = labels[SERVICE_NAME_LABEL]
  return service && labels[MANAGED_BY_LABEL] === CONTROLLER_NAME ? [`${namespace}/${service}`] : []
}

/** A Service's selector: every pair, and nothing without a selector. */
function selects(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  return selector !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value)
}
