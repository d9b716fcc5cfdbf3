/** The resources that are built in. */
import { CUSTOM_RESOURCE_DEFINITION } from '../crd/custom-resource-definition.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import { admissionPolicies } from './admission-policies.ts'
import { configMaps } from './config-map.ts'
import { deployments } from './deployment.ts'
import { endpointSlices } from './endpoint-slice.ts'
import { coreEvents, newEvents } from './event.ts'
import { keptDocuments } from './kept-documents.ts'
import { leases } from './lease.ts'
import { namespaces } from './namespace.ts'
import { nodes } from './node.ts'
import { pods } from './pod.ts'
import { podConnections } from './pod-connections.ts'
import type { PodRuntime } from './pod-logs.ts'
import { rbacResources } from './rbac.ts'
import { replicaSets } from './replica-set.ts'
import { secrets } from './secret.ts'
import { services } from './service.ts'
import { serviceAccounts } from './service-account.ts'
import type { ServiceAllocation } from './service-allocation.ts'
import { statefulSets } from './stateful-set.ts'

export interface BuiltInParts {
  readonly allocation: ServiceAllocation
  readonly runtime?: PodRuntime | undefined
}

/** Definitions of one server; groups are discovered in this order. */
export const builtInResources = ({ allocation, runtime }: BuiltInParts): ResourceDefinition[] => [
  configMaps,
  coreEvents,
  namespaces,
  nodes,
  pods(podConnections(runtime)),
  secrets,
  services(allocation),
  serviceAccounts,
  deployments,
  replicaSets,
  statefulSets,
  newEvents,
  ...rbacResources,
  CUSTOM_RESOURCE_DEFINITION,
  leases,
  endpointSlices,
  ...admissionPolicies,
  ...keptDocuments,
]
