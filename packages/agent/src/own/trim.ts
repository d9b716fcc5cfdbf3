import type { Endpoint, EndpointSlice, Namespace, Service } from '@isthmus/api'
import { isLostMemberPolicyAnnotation } from '@isthmus/core'
import { shared, sharedConditions } from './shared-values.ts'

/** What is kept of an object: most of a cluster's Services and slices are none of our business, and stay small. */

export function trimNamespace({ apiVersion, kind, metadata, status }: Namespace): Namespace {
  const { name, uid, resourceVersion, deletionTimestamp, labels } = metadata as Required<
    Namespace['metadata']
  >
  const policies = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
    isLostMemberPolicyAnnotation(key),
  )
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      uid,
      resourceVersion,
      ...(labels === undefined ? {} : { labels }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(policies.length === 0 ? {} : { annotations: Object.fromEntries(policies) }),
    },
    ...(status?.phase === undefined ? {} : { status: { phase: status.phase } }),
  }
}

/** Status holds the load balancer's state, which changes often and is never used. An update keeps the server's. */
export function trimService(service: Service): Service {
  const { status: _, ...rest } = service
  return withoutManagedFields(rest)
}

export function trimSlice(slice: EndpointSlice): EndpointSlice {
  return withoutManagedFields({ ...slice, endpoints: (slice.endpoints ?? []).map(trimEndpoint) })
}

/** Made anew: an object that loses a field in its midst takes several times the memory. */
function trimEndpoint({ targetRef: _, conditions, nodeName, zone, ...rest }: Endpoint): Endpoint {
  return {
    ...rest,
    ...(conditions === undefined
      ? {}
      : { conditions: sharedConditions(conditions) as Endpoint['conditions'] & object }),
    ...(nodeName === undefined ? {} : { nodeName: shared(nodeName) }),
    ...(zone === undefined ? {} : { zone: shared(zone) }),
  }
}

export function withoutManagedFields<T extends { metadata: { managedFields?: unknown[] } }>(object: T): T {
  delete object.metadata.managedFields
  return object
}
