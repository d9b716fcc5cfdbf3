import { parseAddress } from '../allocation/ip-address.ts'
import { ipErrors } from '../allocation/ip-validation.ts'
import { type FieldError, forbidden, invalid, notSupported } from '../registry/field-error.ts'
import { subdomainErrors } from '../registry/names.ts'
import { isLoadBalancer, type LoadBalancerIngress, type Service } from './service-spec.ts'

const INGRESS = 'status.loadBalancer.ingress'

/** What is wrong with a write to the `status` subresource. */
export function serviceStatusErrors(service: Service, old: Service | undefined): FieldError[] {
  const { ingress = [] } = service.status.loadBalancer
  if (ingress.length > 0 && !isLoadBalancer(service)) {
    return [forbidden(INGRESS, "may only be used when `spec.type` is 'LoadBalancer'")]
  }
  const before = old?.status.loadBalancer.ingress?.flatMap(({ ip }) => ip ?? [])
  return ingress.flatMap((point, i) => ingressErrors(`${INGRESS}[${i}]`, point, before))
}

function ingressErrors(
  field: string,
  { ip = '', ipMode, hostname = '' }: LoadBalancerIngress,
  before: readonly string[] | undefined,
): FieldError[] {
  const errors = ip === '' ? [] : ipErrors(`${field}.ip`, ip, before)
  if (ipMode !== undefined && ip === '') {
    errors.push(forbidden(`${field}.ipMode`, 'may not be specified when `ip` is not set'))
  } else if (ipMode !== undefined && !['Proxy', 'VIP'].includes(ipMode)) {
    errors.push(notSupported(`${field}.ipMode`, ipMode, ['Proxy', 'VIP']))
  }
  if (hostname === '') return errors
  errors.push(...subdomainErrors(hostname).map(text => invalid(`${field}.hostname`, hostname, text)))
  if (parseAddress(hostname) !== undefined) {
    errors.push(invalid(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address'))
  }
  return errors
}
