/** Labels, annotations and well-known names. */

/** Labels of an EndpointSlice: KEP-1645 and kube-proxy. */
export const LABEL_SERVICE_NAME = 'multicluster.kubernetes.io/service-name'
export const LABEL_SOURCE_CLUSTER = 'multicluster.kubernetes.io/source-cluster'
export const LABEL_KUBERNETES_SERVICE_NAME = 'kubernetes.io/service-name'
export const LABEL_SLICE_MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
/** kube-proxy passes slices with this label over. */
export const LABEL_HEADLESS = 'service.kubernetes.io/headless'

/** On every object that an agent made, with {@link MANAGER} as its value; EndpointSlices have their own. */
export const LABEL_MANAGED_BY = 'app.kubernetes.io/managed-by'
/** The value of the managed-by labels, and the field manager of our writes. */
export const MANAGER = 'isthmus.dev'

/** What a derived Service, which has a name of its own, was derived for: the service's name. */
export const LABEL_DERIVED_FOR = LABEL_SERVICE_NAME

/**
 * On ExportedEndpoints: when the source changed, by its cluster's clock, RFC 3339. For measuring alone: it is
 * left out when objects are compared, and absent where nobody knows.
 */
export const ANNOTATION_CHANGED_AT = 'isthmus.dev/changed-at'
/** On the publisher's Lease: which members' indexes this one holds, and the highest sequences that it has seen of them. */
export const ANNOTATION_HELD_INDEXES = 'isthmus.dev/held-indexes'

/** ClusterProperty names (KEP-2149). */
export const PROPERTY_CLUSTER_ID = 'cluster.clusterset.k8s.io'
export const PROPERTY_CLUSTERSET = 'clusterset.k8s.io'

/** On the namespace of a ClusterSet's ClusterProfiles (KEP-4322). */
export const LABEL_CLUSTERSET = 'multicluster.x-k8s.io/clusterset'

/** Where an agent runs and keeps its links, and where it publishes. */
export const AGENT_NAMESPACE = 'isthmus-system'
export const EXCHANGE_NAMESPACE = 'isthmus-exchange'
/** The one ExportIndex of an exchange. */
export const EXPORT_INDEX_NAME = 'index'
/** The publisher's heartbeat, in the exchange. */
export const PUBLISHER_LEASE_NAME = 'publisher'

/** The DNS zone of a ClusterSet, without a final dot. */
export const CLUSTERSET_ZONE = 'clusterset.local'
