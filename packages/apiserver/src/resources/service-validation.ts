import { ipErrors, specialIPErrors } from '../allocation/ip-validation.ts'
import { type FieldError, forbidden, invalid, required } from '../registry/field-error.ts'
import { labelKeyErrors, labelValueErrors, subdomainErrors } from '../registry/names.ts'
import { clusterIPChangeErrors, clusterIPErrors } from './service-cluster-ips.ts'
import {
  loadBalancerClassChangeErrors,
  loadBalancerClassErrors,
  nodePortAllocationErrors,
  sourceRangeErrors,
} from './service-load-balancer.ts'
import {
  externalTrafficPolicyErrors,
  healthCheckPortErrors,
  internalTrafficPolicyErrors,
  oneOf,
  sessionAffinityErrors,
  topologyErrors,
  trafficDistributionErrors,
} from './service-policies.ts'
import { duplicatePortErrors, nodePortErrors, portErrors } from './service-ports.ts'
import { isExternalName, isHeadless, type Service } from './service-spec.ts'

/** Everything that is wrong with a Service, in kube-apiserver's order and words. */
export function serviceErrors(service: Service, old: Service | undefined): FieldError[] {
  return RULES.flatMap(rule => rule(service, old))
}

type Rule = (service: Service, old: Service | undefined) => FieldError[]

const portsRequired: Rule = service => {
  const isMissing = service.spec.ports === undefined && !isHeadless(service) && !isExternalName(service)
  return isMissing ? [required('spec.ports')] : []
}

const headlessType: Rule = service => {
  const { type } = service.spec
  if (!isHeadless(service) || (type !== 'NodePort' && type !== 'LoadBalancer')) return []
  return [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
}

const externalName: Rule = service => {
  if (!isExternalName(service)) return []
  const { spec } = service
  const misplaced = (['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    .filter(key => spec[key] !== undefined)
    .map(key => forbidden(`spec.${key}`, 'may not be set for ExternalName services'))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') return [...misplaced, required('spec.externalName')]
  return [...misplaced, ...subdomainErrors(name).map(text => invalid('spec.externalName', name, text))]
}

const selector: Rule = ({ spec }) =>
  Object.entries(spec.selector ?? {}).flatMap(([key, value]) => [
    ...labelKeyErrors(key).map(text => invalid('spec.selector', key, text)),
    ...labelValueErrors(value).map(text => invalid('spec.selector', value, text)),
  ])

const externalIPs: Rule = ({ spec }, old) =>
  (spec.externalIPs ?? []).flatMap((ip, i) => {
    const field = `spec.externalIPs[${i}]`
    const malformed = ipErrors(field, ip, old?.spec.externalIPs)
    return malformed.length > 0 ? malformed : specialIPErrors(field, ip)
  })

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

const RULES: readonly Rule[] = [
  (service, old) => (old ? clusterIPChangeErrors(service, old) : []),
  loadBalancerClassChangeErrors,
  topologyErrors,
  portsRequired,
  headlessType,
  externalName,
  ({ spec }) => portErrors(spec.ports ?? []),
  selector,
  sessionAffinityErrors,
  clusterIPErrors,
  externalIPs,
  ({ spec }) => oneOf('spec.type', spec.type, TYPES),
  nodePortErrors,
  duplicatePortErrors,
  sourceRangeErrors,
  nodePortAllocationErrors,
  loadBalancerClassErrors,
  externalTrafficPolicyErrors,
  healthCheckPortErrors,
  internalTrafficPolicyErrors,
  trafficDistributionErrors,
]
