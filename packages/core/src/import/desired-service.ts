import { isDeepStrictEqual } from 'node:util'
import {
  LABEL_DERIVED_FOR,
  LABEL_MANAGED_BY,
  MANAGER,
  type Service,
  type ServiceImport,
  type ServiceSpec,
} from '@isthmus/api'
import type { ImportedPlan } from './plan.ts'

/**
 * The derived Service that has to be made. It asks for the addresses that the ServiceImport already
 * promises, so that a ClusterSetIP outlives the loss of its Service.
 */
export function newDerivedService(
  namespace: string,
  name: string,
  plan: ImportedPlan,
  serviceImport: ServiceImport | undefined,
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: plan.derivedName, labels: ownLabels(name) },
    spec: { ...specOf(plan), ...promisedTo(plan, serviceImport) },
  }
}

/** A promised address goes with its family; a family added since then gets an address of the server's choice. */
function promisedTo(
  { serviceFamilies }: ImportedPlan,
  serviceImport: ServiceImport | undefined,
): Pick<ServiceSpec, 'clusterIP' | 'clusterIPs'> {
  const [clusterIP, ...others] = serviceImport?.spec.ips ?? []
  return clusterIP === undefined
    ? {}
    : { clusterIP, clusterIPs: [clusterIP, ...others].slice(0, serviceFamilies.length) }
}

/**
 * What a derived Service never has, though an API server takes it: each opens the ClusterSetIP to somebody, or leads
 * it elsewhere. What is in neither of these lists is the server's to fill in.
 */
const NEVER_SET: readonly string[] = [
  'allocateLoadBalancerNodePorts',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'publishNotReadyAddresses',
  'selector',
]
/** What it has only where the import says so. */
const SET_AT_TIMES: readonly string[] = ['sessionAffinityConfig', 'trafficDistribution']

/** The derived Service with everything that is ours as it should be; undefined where it is already. */
export function repairedDerivedService(
  existing: Service,
  name: string,
  plan: ImportedPlan,
  serviceImport: ServiceImport | undefined,
): Service | undefined {
  const kept = Object.fromEntries(
    Object.entries(existing.spec ?? {}).filter(
      ([field]) => !NEVER_SET.includes(field) && !SET_AT_TIMES.includes(field),
    ),
  )
  const spec: ServiceSpec = { ...kept, ...lostBy(existing, promisedTo(plan, serviceImport)), ...specOf(plan) }
  // Losing the second family, a Service loses its second address; the API server wants to be told.
  if (spec.clusterIPs !== undefined && spec.clusterIPs.length > plan.serviceFamilies.length) {
    spec.clusterIPs = spec.clusterIPs.slice(0, plan.serviceFamilies.length)
  }
  const labels = { ...existing.metadata.labels, ...ownLabels(name) }
  if (isDeepStrictEqual(spec, existing.spec) && isDeepStrictEqual(labels, existing.metadata.labels))
    return undefined
  // Objects out of a list come without apiVersion and kind.
  return { ...existing, apiVersion: 'v1', kind: 'Service', metadata: { ...existing.metadata, labels }, spec }
}

/** The addresses that it has to ask for again: somebody made it an ExternalName, or took its second family away. */
function lostBy({ spec = {} }: Service, promised: ReturnType<typeof promisedTo>): typeof promised {
  const { clusterIP, clusterIPs = [] } = spec
  const isShort = clusterIPs.length < (promised.clusterIPs?.length ?? 0)
  return isShort && (clusterIP === undefined || clusterIP === promised.clusterIP) ? promised : {}
}

function ownLabels(name: string): Record<string, string> {
  return { [LABEL_MANAGED_BY]: MANAGER, [LABEL_DERIVED_FOR]: name }
}

/** Nothing that a member exports as label or annotation is ever here: it could steer this cluster's controllers. */
function specOf({ spec, serviceFamilies }: ImportedPlan): ServiceSpec {
  return {
    type: 'ClusterIP',
    ports: spec.ports.map(({ name, protocol = 'TCP', port, appProtocol }) => ({
      ...(name === undefined ? {} : { name }),
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
      port,
      targetPort: port,
    })),
    ipFamilies: [...serviceFamilies],
    ipFamilyPolicy: serviceFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack',
    sessionAffinity: spec.sessionAffinity ?? 'None',
    ...(spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig !== undefined
      ? { sessionAffinityConfig: spec.sessionAffinityConfig }
      : {}),
    internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster',
    ...(spec.trafficDistribution === undefined ? {} : { trafficDistribution: spec.trafficDistribution }),
  }
}
