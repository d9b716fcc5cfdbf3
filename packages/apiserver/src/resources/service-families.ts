/**
 * IP families of a Service: what it is given when it does not say, and what it may not say.
 * The order of the steps is kube-apiserver's; a later one counts on the earlier ones having found nothing.
 */
import { familyOf, type IPFamily, otherFamily } from '../allocation/ip-address.ts'
import { type FieldError, invalid } from '../registry/field-error.ts'
import { clusterIPErrors } from './service-cluster-ips.ts'
import { isExternalName, type Service, sameClusterIPs, sameFamilies } from './service-spec.ts'

const POLICY = 'spec.ipFamilyPolicy'

/** Sets `ipFamilyPolicy` and `ipFamilies`. `configured` are the families of the cluster, the default one first. */
export function chooseFamilies(
  service: Service,
  old: Service | undefined,
  configured: readonly IPFamily[],
): FieldError[] {
  if (isExternalName(service) || staysPreferred(service, old)) return []
  const { spec } = service
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? defaultPolicy(service)
  const malformed = clusterIPErrors(service, old)
  if (malformed.length > 0) return malformed

  const errors = [
    ...(old === undefined ? [] : shrink(service, old)),
    ...singleStackErrors(service),
    ...inferFromIPs(service, configured),
  ]
  if (errors.length > 0) return errors

  if (isHeadlessWithoutSelector(service)) {
    addSecond(service, configured, true)
    return []
  }
  const unavailable = unavailableErrors(service, configured)
  if (unavailable.length === 0) addSecond(service, configured, configured.length === 2)
  return unavailable
}

/** PreferDualStack does not gain or lose a family because the cluster did: only when its owner says so. */
function staysPreferred(service: Service, old: Service | undefined): boolean {
  return (
    old !== undefined &&
    service.spec.type === old.spec.type &&
    service.spec.ipFamilyPolicy === 'PreferDualStack' &&
    old.spec.ipFamilyPolicy === 'PreferDualStack' &&
    sameClusterIPs(service, old) &&
    sameFamilies(service, old)
  )
}

/** Nobody knows what the endpoints of a headless Service without selector will be, so it has both. */
function isHeadlessWithoutSelector({ spec }: Service): boolean {
  return spec.clusterIP === 'None' && spec.selector === undefined
}

function defaultPolicy(service: Service): string {
  return isHeadlessWithoutSelector(service) ? 'RequireDualStack' : 'SingleStack'
}

/** Going to SingleStack gives up the second address and family; giving them up needs SingleStack. */
function shrink(service: Service, old: Service): FieldError[] {
  const { spec } = service
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (spec.clusterIPs && sameClusterIPs(service, old)) spec.clusterIPs = spec.clusterIPs.slice(0, 1)
    if (spec.ipFamilies && sameFamilies(service, old)) spec.ipFamilies = spec.ipFamilies.slice(0, 1)
    return []
  }
  const isShorter = (list: readonly unknown[] | undefined, before: readonly unknown[] = []) =>
    list !== undefined && list.length < before.length
  const errors: FieldError[] = []
  if (isShorter(spec.clusterIPs, old.spec.clusterIPs)) {
    errors.push(
      invalid(POLICY, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"),
    )
  }
  if (isShorter(spec.ipFamilies, old.spec.ipFamilies)) {
    errors.push(
      invalid(POLICY, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"),
    )
  }
  return errors
}

function singleStackErrors({ spec }: Service): FieldError[] {
  if (spec.ipFamilyPolicy !== 'SingleStack') return []
  const needed = (what: string) =>
    invalid(
      POLICY,
      'SingleStack',
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    )
  return [
    ...(spec.clusterIPs?.length === 2 ? [needed('cluster IPs')] : []),
    ...(spec.ipFamilies?.length === 2 ? [needed('IP families')] : []),
  ]
}

function inferFromIPs({ spec }: Service, configured: readonly IPFamily[]): FieldError[] {
  const ips = spec.clusterIPs ?? []
  if (ips[0] === 'None') return []
  const errors: FieldError[] = []
  const families = [...(spec.ipFamilies ?? [])]
  for (const [i, ip] of ips.entries()) {
    const family = familyOf(ip)
    if (i < families.length) continue
    if (configured.includes(family)) families.push(family)
    else errors.push(invalid(`spec.clusterIPs[${i}]`, ips, `${family} is not configured on this cluster`))
  }
  if (families.length > 0) spec.ipFamilies = families
  return errors
}

function unavailableErrors({ spec }: Service, configured: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = []
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2) {
    errors.push(
      invalid(POLICY, spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'),
    )
  }
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (configured.includes(family)) continue
    errors.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'))
  }
  return errors
}

function addSecond({ spec }: Service, configured: readonly IPFamily[], isDual: boolean): void {
  const [first = configured[0] ?? 'IPv4', second] = spec.ipFamilies ?? []
  const wanted = second ?? (isDual && spec.ipFamilyPolicy !== 'SingleStack' ? otherFamily(first) : undefined)
  spec.ipFamilies = wanted === undefined ? [first] : [first, wanted]
}
