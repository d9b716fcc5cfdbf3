/** What is wrong with how a Service wants its traffic to go: affinity, policies, preferences. */
import { type FieldError, forbidden, invalid, notSupported } from '../registry/field-error.ts'
import { isExternallyAccessible, needsHealthCheck, type Service } from './service-spec.ts'

const LONGEST_AFFINITY_SECONDS = 86_400

/** For a field that has one of a few values. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return supported.includes(value ?? '') ? [] : [notSupported(field, value, supported)]
}

export function sessionAffinityErrors({ spec }: Service): FieldError[] {
  const { sessionAffinity: affinity, sessionAffinityConfig: config } = spec
  const errors = oneOf('spec.sessionAffinity', affinity, ['ClientIP', 'None'])
  const seconds = config?.clientIP?.timeoutSeconds
  if (affinity !== 'ClientIP' || seconds === undefined) return errors
  if (seconds > 0 && seconds <= LONGEST_AFFINITY_SECONDS) return errors
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds'
  return [invalid(field, seconds, `must be greater than 0 and less than ${LONGEST_AFFINITY_SECONDS}`)]
}

export function externalTrafficPolicyErrors(service: Service): FieldError[] {
  const { externalTrafficPolicy: policy } = service.spec
  const field = 'spec.externalTrafficPolicy'
  if (isExternallyAccessible(service)) return oneOf(field, policy, ['Cluster', 'Local'])
  if (policy === undefined) return []
  return [invalid(field, policy, 'may only be set for externally-accessible services')]
}

/** Where one is needed and none is given, one is allocated after validation. */
export function healthCheckPortErrors(service: Service, old: Service | undefined): FieldError[] {
  const { healthCheckNodePort: port } = service.spec
  const field = 'spec.healthCheckNodePort'
  if (needsHealthCheck(service)) {
    const isChanged = old && needsHealthCheck(old) && port !== old.spec.healthCheckNodePort
    return isChanged ? [forbidden(field, 'field is immutable')] : []
  }
  if (port === undefined) return []
  const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
  return [invalid(field, port, detail)]
}

export function internalTrafficPolicyErrors({
  spec: { internalTrafficPolicy: policy },
}: Service): FieldError[] {
  return policy === undefined ? [] : oneOf('spec.internalTrafficPolicy', policy, ['Cluster', 'Local'])
}

export function trafficDistributionErrors({ spec: { trafficDistribution: value } }: Service): FieldError[] {
  const supported = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  return value === undefined ? [] : oneOf('spec.trafficDistribution', value, supported)
}

export function topologyErrors({ metadata: { annotations = {} } }: Service): FieldError[] {
  const mode = annotations['service.kubernetes.io/topology-mode']
  const hints = annotations['service.kubernetes.io/topology-aware-hints']
  if (mode === undefined || hints === undefined || mode === hints) return []
  const detail = 'must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified'
  return [invalid('metadata.annotations[service.kubernetes.io/topology-mode]', mode, detail)]
}
