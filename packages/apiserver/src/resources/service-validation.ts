import { cidrErrors, ipErrors, specialIPErrors } from '../allocation/ip-validation.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../registry/field-error.ts'
import { labelKeyErrors, labelValueErrors, subdomainErrors } from '../registry/names.ts'
import { clusterIPChangeErrors, clusterIPErrors } from './service-cluster-ips.ts'
import { portErrors } from './service-ports.ts'
import {
  isExternallyAccessible,
  isExternalName,
  isHeadless,
  isLoadBalancer,
  needsHealthCheck,
  type Service,
} from './service-spec.ts'

/** Everything that is wrong with a Service, in kube-apiserver's order and words. */
export function serviceErrors(service: Service, old: Service | undefined): FieldError[] {
  return RULES.flatMap(rule => rule(service, old))
}

type Rule = (service: Service, old: Service | undefined) => FieldError[]

const SOURCE_RANGES_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const LOAD_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"
const IMMUTABLE = 'field is immutable'

const clusterIPChange: Rule = (service, old) => (old ? clusterIPChangeErrors(service, old) : [])

const loadBalancerClassChange: Rule = (service, old) => {
  if (!old || !isLoadBalancer(old) || !isLoadBalancer(service)) return []
  const { loadBalancerClass } = service.spec
  if (loadBalancerClass === old.spec.loadBalancerClass) return []
  return [invalid('spec.loadBalancerClass', loadBalancerClass ?? 'null', 'may not change once set')]
}

const healthCheckPortChange: Rule = (service, old) => {
  if (!old || !needsHealthCheck(old) || !needsHealthCheck(service)) return []
  const isSame = service.spec.healthCheckNodePort === old.spec.healthCheckNodePort
  return isSame ? [] : [forbidden('spec.healthCheckNodePort', IMMUTABLE)]
}

const headlessType: Rule = service => {
  const { type } = service.spec
  if (!isHeadless(service) || (type !== 'NodePort' && type !== 'LoadBalancer')) return []
  return [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
}

const externalName: Rule = service => {
  if (!isExternalName(service)) return []
  const { spec } = service
  const given = (['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const).filter(
    key => spec[key] !== undefined,
  )
  const errors = given.map(key => forbidden(`spec.${key}`, 'may not be set for ExternalName services'))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') return [...errors, required('spec.externalName')]
  return [...errors, ...subdomainErrors(name).map(text => invalid('spec.externalName', name, text))]
}

const selector: Rule = ({ spec }) =>
  Object.entries(spec.selector ?? {}).flatMap(([key, value]) => [
    ...labelKeyErrors(key).map(text => invalid('spec.selector', key, text)),
    ...labelValueErrors(value).map(text => invalid('spec.selector', value, text)),
  ])

const sessionAffinity: Rule = ({ spec }) => {
  const { sessionAffinity: affinity, sessionAffinityConfig: config } = spec
  const supported = ['ClientIP', 'None']
  if (!supported.includes(affinity ?? '')) return [notSupported('spec.sessionAffinity', affinity, supported)]
  const seconds = config?.clientIP?.timeoutSeconds
  if (affinity === 'None' || seconds === undefined || (seconds > 0 && seconds <= 86_400)) return []
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds'
  return [invalid(field, seconds, 'must be greater than 0 and less than 86400')]
}

const externalIPs: Rule = ({ spec }, old) =>
  (spec.externalIPs ?? []).flatMap((ip, i) => {
    const field = `spec.externalIPs[${i}]`
    const malformed = ipErrors(field, ip, old?.spec.externalIPs)
    return malformed.length > 0 ? malformed : specialIPErrors(field, ip)
  })

const type: Rule = ({ spec }) => {
  const supported = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
  return supported.includes(spec.type ?? '') ? [] : [notSupported('spec.type', spec.type, supported)]
}

const nodePorts: Rule = ({ spec }) => {
  const ports = (spec.ports ?? []).map((port, i) => ({ ...port, field: `spec.ports[${i}].nodePort` }))
  const given = ports.filter(port => port.nodePort !== undefined)
  const unused = spec.type === 'ClusterIP' ? given : []
  return [
    ...unused.map(({ field }) => forbidden(field, "may not be used when `type` is 'ClusterIP'")),
    ...given
      .filter((a, i) => given.slice(0, i).some(b => a.nodePort === b.nodePort && a.protocol === b.protocol))
      .map(({ field, nodePort }) => duplicate(field, nodePort)),
  ]
}

/** The value that is shown is the key of Kubernetes' own comparison: a port of which only two fields are set. */
const duplicatePorts: Rule = ({ spec: { ports = [] } }) =>
  ports.flatMap(({ protocol, port }, i) => {
    if (!ports.slice(0, i).some(other => other.port === port && other.protocol === protocol)) return []
    const key = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
    return [duplicate(`spec.ports[${i}]`, key)]
  })

const sourceRanges: Rule = (service, old) => {
  const { loadBalancerSourceRanges: ranges } = service.spec
  const annotation = service.metadata.annotations?.[SOURCE_RANGES_ANNOTATION]
  if (ranges === undefined && annotation === undefined) return []
  const field =
    ranges === undefined
      ? `metadata.annotations[${SOURCE_RANGES_ANNOTATION}]`
      : 'spec.LoadBalancerSourceRanges'
  const errors = isLoadBalancer(service) ? [] : [forbidden(field, LOAD_BALANCER_ONLY)]
  const before = old?.spec.loadBalancerSourceRanges?.map(text => text.trim())
  if (ranges)
    return [...errors, ...ranges.flatMap((text, i) => cidrErrors(`${field}[${i}]`, text.trim(), before))]
  if (annotation?.trim() === '' || annotation === old?.metadata.annotations?.[SOURCE_RANGES_ANNOTATION])
    return errors
  return [...errors, ...(annotation ?? '').split(',').flatMap(text => cidrErrors(field, text.trim()))]
}

const loadBalancerOnly: Rule = service => {
  const { allocateLoadBalancerNodePorts, loadBalancerClass } = service.spec
  if (isLoadBalancer(service)) {
    const texts = loadBalancerClass === undefined ? [] : labelKeyErrors(loadBalancerClass)
    return texts.map(text => invalid('spec.loadBalancerClass', loadBalancerClass, text))
  }
  return [
    ...(allocateLoadBalancerNodePorts === undefined
      ? []
      : [forbidden('spec.allocateLoadBalancerNodePorts', LOAD_BALANCER_ONLY)]),
    ...(loadBalancerClass === undefined ? [] : [forbidden('spec.loadBalancerClass', LOAD_BALANCER_ONLY)]),
  ]
}

const externalTrafficPolicy: Rule = service => {
  const { externalTrafficPolicy: policy } = service.spec
  const field = 'spec.externalTrafficPolicy'
  if (!isExternallyAccessible(service)) {
    return policy === undefined
      ? []
      : [invalid(field, policy, 'may only be set for externally-accessible services')]
  }
  const supported = ['Cluster', 'Local']
  return supported.includes(policy ?? '') ? [] : [notSupported(field, policy, supported)]
}

/** Where one is needed and none is given, one is allocated after validation. */
const healthCheckNodePort: Rule = service => {
  const { healthCheckNodePort: port } = service.spec
  if (port === undefined || needsHealthCheck(service)) return []
  const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
  return [invalid('spec.healthCheckNodePort', port, detail)]
}

const internalTrafficPolicy: Rule = ({ spec: { internalTrafficPolicy: policy } }) => {
  const supported = ['Cluster', 'Local']
  if (policy === undefined || supported.includes(policy)) return []
  return [notSupported('spec.internalTrafficPolicy', policy, supported)]
}

const trafficDistribution: Rule = ({ spec: { trafficDistribution: value } }) => {
  const supported = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  if (value === undefined || supported.includes(value)) return []
  return [notSupported('spec.trafficDistribution', value, supported)]
}

const RULES: readonly Rule[] = [
  clusterIPChange,
  loadBalancerClassChange,
  healthCheckPortChange,
  topologyAnnotations,
  portsRequired,
  headlessType,
  externalName,
  ({ spec }) => portErrors(spec.ports ?? []),
  selector,
  sessionAffinity,
  clusterIPErrors,
  externalIPs,
  type,
  nodePorts,
  duplicatePorts,
  sourceRanges,
  loadBalancerOnly,
  externalTrafficPolicy,
  healthCheckNodePort,
  internalTrafficPolicy,
  trafficDistribution,
]

function topologyAnnotations({ metadata: { annotations = {} } }: Service): FieldError[] {
  const mode = annotations['service.kubernetes.io/topology-mode']
  const hints = annotations['service.kubernetes.io/topology-aware-hints']
  if (mode === undefined || hints === undefined || mode === hints) return []
  const field = 'metadata.annotations[service.kubernetes.io/topology-mode]'
  return [
    invalid(
      field,
      mode,
      'must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
    ),
  ]
}

function portsRequired(service: Service): FieldError[] {
  const isMissing = service.spec.ports === undefined && !isHeadless(service) && !isExternalName(service)
  return isMissing ? [required('spec.ports')] : []
}
