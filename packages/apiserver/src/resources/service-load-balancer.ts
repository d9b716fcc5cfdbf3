/** What is wrong with the fields that only a Service of type LoadBalancer may have. */
import { cidrErrors } from '../allocation/ip-validation.ts'
import { type FieldError, forbidden, invalid } from '../registry/field-error.ts'
import { labelKeyErrors } from '../registry/names.ts'
import { isLoadBalancer, type Service } from './service-spec.ts'

const SOURCE_RANGES_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const LOAD_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"

/** The ranges, or the annotation that they came from. */
export function sourceRangeErrors(service: Service, old: Service | undefined): FieldError[] {
  const { loadBalancerSourceRanges: ranges } = service.spec
  const misplaced = (field: string) => (isLoadBalancer(service) ? [] : [forbidden(field, LOAD_BALANCER_ONLY)])
  if (ranges !== undefined) {
    // Kubernetes spells this field's path with a capital letter.
    const field = 'spec.LoadBalancerSourceRanges'
    const before = old?.spec.loadBalancerSourceRanges?.map(text => text.trim())
    return [
      ...misplaced(field),
      ...ranges.flatMap((text, i) => cidrErrors(`${field}[${i}]`, text.trim(), before)),
    ]
  }
  const annotation = service.metadata.annotations?.[SOURCE_RANGES_ANNOTATION]
  if (annotation === undefined) return []
  const field = `metadata.annotations[${SOURCE_RANGES_ANNOTATION}]`
  const isSame = annotation === old?.metadata.annotations?.[SOURCE_RANGES_ANNOTATION]
  const texts = isSame || annotation.trim() === '' ? [] : annotation.split(',')
  return [...misplaced(field), ...texts.flatMap(text => cidrErrors(field, text.trim()))]
}

export function nodePortAllocationErrors(service: Service): FieldError[] {
  if (isLoadBalancer(service) || service.spec.allocateLoadBalancerNodePorts === undefined) return []
  return [forbidden('spec.allocateLoadBalancerNodePorts', LOAD_BALANCER_ONLY)]
}

export function loadBalancerClassErrors(service: Service): FieldError[] {
  const { loadBalancerClass } = service.spec
  const field = 'spec.loadBalancerClass'
  if (loadBalancerClass === undefined) return []
  if (!isLoadBalancer(service)) return [forbidden(field, LOAD_BALANCER_ONLY)]
  return labelKeyErrors(loadBalancerClass).map(text => invalid(field, loadBalancerClass, text))
}

export function loadBalancerClassChangeErrors(service: Service, old: Service | undefined): FieldError[] {
  if (!old || !isLoadBalancer(old) || !isLoadBalancer(service)) return []
  const { loadBalancerClass } = service.spec
  if (loadBalancerClass === old.spec.loadBalancerClass) return []
  return [invalid('spec.loadBalancerClass', loadBalancerClass ?? 'null', 'may not change once set')]
}
