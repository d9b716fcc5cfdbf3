/** `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`: alone, against each other, and against before. */
import { familyOf } from '../allocation/ip-address.ts'
import { ipErrors } from '../allocation/ip-validation.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../registry/field-error.ts'
import { isExternalName, isHeadless, type Service } from './service-spec.ts'

const IPS = 'spec.clusterIPs'
const FAMILIES = 'spec.ipFamilies'
const POLICY = 'spec.ipFamilyPolicy'

export function clusterIPErrors(service: Service, old: Service | undefined): FieldError[] {
  if (isExternalName(service)) return []
  const { clusterIPs: ips = [] } = service.spec
  const errors = [...singularErrors(service), ...familyErrors(service)]
  let isMalformed = false
  for (const [i, ip] of ips.entries()) {
    let found: FieldError[] = []
    if (i > 0 || ip !== 'None') found = ipErrors(`${IPS}[${i}]`, ip, old?.spec.clusterIPs)
    else if (ips.length > 1) found = [invalid(IPS, ips, "'None' must be the first and only value")]
    isMalformed ||= found.length > 0
    // What stands behind a misplaced None is no address of anything: one error says it.
    errors.push(...found)
  }
  if (ips.length > 2) errors.push(invalid(IPS, ips, 'may only hold up to 2 values'))
  return isMalformed ? errors : [...errors, ...stackErrors(service)]
}

function singularErrors({ spec: { clusterIP, clusterIPs: ips } }: Service): FieldError[] {
  if (clusterIP === undefined) {
    return ips === undefined ? [] : [invalid(IPS, ips, 'must be empty when `clusterIP` is not specified')]
  }
  if (ips === undefined) return [required(IPS)]
  return ips[0] === clusterIP ? [] : [invalid(IPS, ips, 'first value must match `clusterIP`')]
}

function familyErrors({ spec: { ipFamilies = [], ipFamilyPolicy } }: Service): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, family] of ipFamilies.entries()) {
    if (!['IPv4', 'IPv6'].includes(family)) {
      errors.push(notSupported(`${FAMILIES}[${i}]`, family, ['IPv4', 'IPv6']))
    }
    if (ipFamilies.indexOf(family) < i) errors.push(duplicate(`${FAMILIES}[${i}]`, family))
  }
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
  if (ipFamilyPolicy !== undefined && !policies.includes(ipFamilyPolicy)) {
    errors.push(notSupported(POLICY, ipFamilyPolicy, policies))
  }
  return errors
}

function stackErrors(service: Service): FieldError[] {
  const { clusterIPs: ips = [], ipFamilies = [] } = service.spec
  const errors: FieldError[] = []
  if (ips.length > 1 && (ips.length > 2 || new Set(ips.map(familyOf)).size !== 2)) {
    errors.push(invalid(IPS, ips, 'may specify no more than one IP for each IP family'))
  }
  if (isHeadless(service)) return errors
  for (const [i, ip] of ips.slice(0, ipFamilies.length).entries()) {
    const family = ipFamilies[i]
    if ((family !== 'IPv4' && family !== 'IPv6') || familyOf(ip) === family) continue
    errors.push(
      invalid(`${IPS}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``),
    )
  }
  return errors
}

/** A Service keeps its addresses and families for life; only a second one may come or, said so, go. */
export function clusterIPChangeErrors(service: Service, old: Service): FieldError[] {
  if (isExternalName(service) || isExternalName(old)) return []
  const isBoth = isHeadless(service) && isHeadless(old)
  if (isBoth) return []
  const changes = changeErrors(service, IPS, service.spec.clusterIPs, old.spec.clusterIPs, {
    unset: 'primary clusterIP can not be unset',
    released: "must be set to 'SingleStack' when releasing the secondary clusterIP",
  })
  if (isHeadless(service) || isHeadless(old)) return changes
  const families = changeErrors(service, FAMILIES, service.spec.ipFamilies, old.spec.ipFamilies, {
    unset: 'primary ipFamily can not be unset',
    released: "must be set to 'SingleStack' when releasing the secondary ipFamily",
  })
  return [...changes, ...families]
}

function changeErrors(
  { spec }: Service,
  field: string,
  values: readonly string[] = [],
  before: readonly string[] = [],
  texts: { readonly unset: string; readonly released: string },
): FieldError[] {
  const compared = values.length === before.length ? before : before.slice(0, 1)
  const errors = compared.flatMap((value, i) => {
    if (values[i] === value || values.length === 0) return []
    return [invalid(`${field}[${field === IPS ? i : 0}]`, values, 'may not change once set')]
  })
  if (values.length >= before.length) return errors
  if (values.length === 0) errors.push(invalid(`${field}[0]`, values, texts.unset))
  if (values.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.push(invalid(POLICY, spec.ipFamilyPolicy, texts.released))
  }
  return errors
}
