/** What is taken from a peer's exchange at most. A peer may be compromised: its API server can answer anything. */
import { ANNOTATION_CHANGED_AT, ANNOTATION_HELD_INDEXES, type KubernetesObject } from '@isthmus/api'
import type { IntakeLimits, Rate } from '@isthmus/kube'
import { shared } from '../own/shared-values.ts'

/** etcd takes objects of 1.5 MiB by default: nobody has larger ones. */
const OBJECT_BYTES = 2 << 20
const PAGE_BYTES = 64 << 20

/** There is one of each. */
export const SINGLE_LIMITS: IntakeLimits = {
  objects: 8,
  objectBytes: OBJECT_BYTES,
  pageBytes: PAGE_BYTES,
  bytes: 2 * OBJECT_BYTES,
}
/** 20,000 services with what is usual of labels and annotations. */
export const SERVICE_LIMITS: IntakeLimits = { ...SINGLE_LIMITS, objects: 20_000, bytes: 24 << 20 }
/** Some 300,000 endpoints. */
export const ENDPOINT_LIMITS: IntakeLimits = { ...SINGLE_LIMITS, objects: 100_000, bytes: 64 << 20 }

/** Of objects in a page: one of 1,000 endpoints with long names has half a megabyte. */
export const PAGE_SIZE = 100
/** Of events: what comes faster is read more slowly, and waits in the peer's server. */
export const EVENT_RATE: Rate = { burst: 5_000, perSecond: 1_000 }
/** Of changes that are looked at before all others: a flood of one member does not hold up the others'. */
export const URGENT_RATE: Rate = { burst: 5_000, perSecond: 500 }

const READ_ANNOTATIONS = [ANNOTATION_CHANGED_AT, ANNOTATION_HELD_INDEXES] as const
/** That of a member which holds the indexes of all others. */
const ANNOTATION_LENGTH = 64 << 10

/** Keeps what is read of an object, and drops whatever else was sent along. Throws where it has no name. */
export function trimExchanged<T extends KubernetesObject & { spec?: unknown }>(object: T): T {
  const { name, namespace, uid, resourceVersion, annotations } = object?.metadata ?? {}
  for (const text of [name, namespace, uid, resourceVersion])
    if (typeof text !== 'string' || text.length > 253)
      throw new Error('it offers an object without a proper name')
  const kept = READ_ANNOTATIONS.flatMap(key => {
    const value: unknown = annotations?.[key]
    return typeof value === 'string' && value.length <= ANNOTATION_LENGTH ? [[key, value] as const] : []
  })
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}),
    },
    spec: sharing(object.spec),
  } as unknown as T
}

/** A peer may have sent anything: only what is an endpoint is looked at. */
function sharing(spec: unknown): unknown {
  const { endpoints } = (spec ?? {}) as { endpoints?: unknown }
  if (!Array.isArray(endpoints)) return spec
  for (const endpoint of endpoints) {
    if (typeof endpoint !== 'object' || endpoint === null) continue
    if ('nodeName' in endpoint) endpoint.nodeName = shared(endpoint.nodeName)
    if ('zone' in endpoint) endpoint.zone = shared(endpoint.zone)
  }
  return spec
}
