import { isExternallyAccessible, isLoadBalancer, type Service, type ServicePort } from './service-spec.ts'

const DEFAULT_AFFINITY_SECONDS = 10_800

/** Fields that are pointers in Kubernetes' types: there, an empty value is a value, and is validated. */
const POINTERS = new Set([
  'sessionAffinityConfig',
  'loadBalancerClass',
  'allocateLoadBalancerNodePorts',
  'internalTrafficPolicy',
  'ipFamilyPolicy',
  'trafficDistribution',
])

/** Fills in what the v1 defaults of kube-apiserver do, and leaves out what is empty. */
export function fillService(service: Service): void {
  service.spec = withoutEmpty({ ...service.spec }, POINTERS)
  service.status = { ...service.status, loadBalancer: { ...service.status?.loadBalancer } }
  const { spec } = service
  spec.type ??= 'ClusterIP'
  spec.sessionAffinity ??= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds == null) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: DEFAULT_AFFINITY_SECONDS } }
  }
  if (spec.ports !== undefined) spec.ports = spec.ports.map(filledPort)
  if (isExternallyAccessible(service)) spec.externalTrafficPolicy ??= 'Cluster'
  if (['ClusterIP', 'NodePort', 'LoadBalancer'].includes(spec.type)) spec.internalTrafficPolicy ??= 'Cluster'
  if (isLoadBalancer(service)) {
    spec.allocateLoadBalancerNodePorts ??= true
    fillIngress(service)
  }
}

function filledPort(given: ServicePort): ServicePort {
  const port = withoutEmpty({ ...given }, new Set(['appProtocol']))
  port.port ??= 0
  port.protocol ??= 'TCP'
  port.targetPort ??= port.port
  return port
}

function fillIngress({ status }: Service): void {
  const { ingress } = status.loadBalancer
  if (ingress === undefined) return
  status.loadBalancer.ingress = ingress.map(point =>
    point.ip && point.ipMode === undefined ? { ...point, ipMode: 'VIP' } : point,
  )
}

/** Leaves out what Go's `omitempty` leaves out: zero values, and empty lists and maps. */
function withoutEmpty<T extends object>(object: T, pointers: ReadonlySet<string>): T {
  for (const key of Object.keys(object) as (keyof T & string)[]) {
    if (isNil(object[key]) || (!pointers.has(key) && isEmpty(object[key]))) delete object[key]
  }
  return object
}

const isNil = (value: unknown): boolean => value === null || value === undefined

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length === 0 : !value
