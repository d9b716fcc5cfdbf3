/** What `kubectl get services` shows. Descriptions are part of the recorded answer (list/table-service). */
import type { Column, StoredObject } from '../registry/definition.ts'
import { column } from '../representations/columns.ts'
import { isLoadBalancer, type Service, type ServicePort } from './service-spec.ts'

const NONE = '<none>'

export const SERVICE_COLUMNS: readonly Column[] = [
  column(
    'Type',
    'type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. "ClusterIP" allocates a cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints object or EndpointSlice objects. If clusterIP is "None", no virtual IP is allocated and the endpoints are published as a set of endpoints rather than a virtual IP. "NodePort" builds on ClusterIP and allocates a port on every node which routes to the same endpoints as the clusterIP. "LoadBalancer" builds on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. "ExternalName" aliases this service to the specified externalName. Several other fields do not apply to ExternalName services. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types',
    object => specOf(object).type ?? '',
  ),
  column(
    'Cluster-IP',
    'clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; otherwise creation of the service will fail. This field may not be changed through updates unless the type field is also being changed to ExternalName (which requires this field to be blank) or the type field is being changed from ExternalName (in which case this field may optionally be specified, as describe above).  Valid values are "None", empty string (""), or a valid IP address. Setting this to "None" makes a "headless service" (no virtual IP), which is useful when direct endpoint connections are preferred and proxying is not required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when creating a Service of type ExternalName, creation will fail. This field will be wiped when updating a Service to type ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies',
    object => specOf(object).clusterIPs?.[0] ?? NONE,
  ),
  column(
    'External-IP',
    'externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node with this IP.  A common example is external load-balancers that are not part of the Kubernetes system.',
    object => externalAddress(object as Service),
  ),
  column(
    'Port(s)',
    'The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies',
    object => specOf(object).ports?.map(portText).join(',') || NONE,
  ),
]

/** Shown with `-o wide`. */
export const SERVICE_SELECTOR_COLUMN: Column = column(
  'Selector',
  'Route service traffic to pods with label keys and values matching this selector. If empty or not present, the service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/',
  object => {
    const entries = Object.entries(specOf(object).selector ?? {}).map(([key, value]) => `${key}=${value}`)
    return entries.sort().join(',') || NONE
  },
  { priority: 1 },
)

const specOf = (object: StoredObject) => (object as Service).spec

const portText = ({ port, nodePort, protocol }: ServicePort): string =>
  nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`

function externalAddress(service: Service): string {
  const { spec, status } = service
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  const { externalIPs = [] } = spec
  if (!isLoadBalancer(service)) return externalIPs.join(',') || NONE
  const points = (status.loadBalancer.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...[...new Set(points)].sort(), ...externalIPs].join(',') || '<pending>'
}
