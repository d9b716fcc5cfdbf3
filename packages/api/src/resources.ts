/** Where the kinds that Isthmus uses are served. */
import type { EndpointSlice } from './endpoint-slice.ts'
import type { ExportedEndpoints, ExportedService, ExportIndex } from './exchange.ts'
import type { ImportPolicy } from './import-policy.ts'
import type { KubernetesObject, ResourceType } from './meta.ts'
import type { ClusterProfile, ClusterProperty, ServiceExport, ServiceImport } from './multicluster.ts'
import type {
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Event,
  Lease,
  Namespace,
  Node,
  Pod,
  Secret,
  ServiceCIDR,
} from './other-kinds.ts'
import type { Service } from './service.ts'

const namespaced = <T extends KubernetesObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
): ResourceType<T> => ({ group, version, plural, kind, namespaced: true })

const clusterScoped = <T extends KubernetesObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
): ResourceType<T> => ({ group, version, plural, kind, namespaced: false })

export const NAMESPACES = clusterScoped<Namespace>('', 'v1', 'namespaces', 'Namespace')
export const NODES = clusterScoped<Node>('', 'v1', 'nodes', 'Node')
export const SERVICES = namespaced<Service>('', 'v1', 'services', 'Service')
export const PODS = namespaced<Pod>('', 'v1', 'pods', 'Pod')
export const CONFIG_MAPS = namespaced<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap')
export const SECRETS = namespaced<Secret>('', 'v1', 'secrets', 'Secret')
export const DEPLOYMENTS = namespaced<Deployment>('apps', 'v1', 'deployments', 'Deployment')
export const LEASES = namespaced<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease')
export const EVENTS = namespaced<Event>('events.k8s.io', 'v1', 'events', 'Event')
export const ENDPOINT_SLICES = namespaced<EndpointSlice>(
  'discovery.k8s.io',
  'v1',
  'endpointslices',
  'EndpointSlice',
)
export const SERVICE_CIDRS = clusterScoped<ServiceCIDR>(
  'networking.k8s.io',
  'v1',
  'servicecidrs',
  'ServiceCIDR',
)
export const CUSTOM_RESOURCE_DEFINITIONS = clusterScoped<CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
)

export const MULTICLUSTER_GROUP = 'multicluster.x-k8s.io'
export const SERVICE_EXPORTS = namespaced<ServiceExport>(
  MULTICLUSTER_GROUP,
  'v1beta1',
  'serviceexports',
  'ServiceExport',
)
export const SERVICE_IMPORTS = namespaced<ServiceImport>(
  MULTICLUSTER_GROUP,
  'v1beta1',
  'serviceimports',
  'ServiceImport',
)
export const CLUSTER_PROFILES = namespaced<ClusterProfile>(
  MULTICLUSTER_GROUP,
  'v1alpha1',
  'clusterprofiles',
  'ClusterProfile',
)
export const CLUSTER_PROPERTIES = clusterScoped<ClusterProperty>(
  'about.k8s.io',
  'v1beta1',
  'clusterproperties',
  'ClusterProperty',
)

export const ISTHMUS_GROUP = 'isthmus.dev'
export const EXPORT_INDEXES = namespaced<ExportIndex>(
  ISTHMUS_GROUP,
  'v1alpha1',
  'exportindexes',
  'ExportIndex',
)
export const EXPORTED_SERVICES = namespaced<ExportedService>(
  ISTHMUS_GROUP,
  'v1alpha1',
  'exportedservices',
  'ExportedService',
)
export const EXPORTED_ENDPOINTS = namespaced<ExportedEndpoints>(
  ISTHMUS_GROUP,
  'v1alpha1',
  'exportedendpoints',
  'ExportedEndpoints',
)
export const IMPORT_POLICIES = clusterScoped<ImportPolicy>(
  ISTHMUS_GROUP,
  'v1alpha1',
  'importpolicies',
  'ImportPolicy',
)
