import { formatAddress, parseAddress } from '../allocation/ip-address.ts'
import { isExternalName, isHeadless, type Service } from './service-spec.ts'

/** What kube-apiserver warns of when a valid Service is written. */
export function serviceWarnings(service: Service): string[] {
  const { spec } = service
  const { externalIPs = [] } = spec
  const ips: [string, string][] = [
    ...(isHeadless(service) ? [] : (spec.clusterIPs ?? [])).map((ip, i): [string, string] => [
      `spec.clusterIPs[${i}]`,
      ip,
    ]),
    ...externalIPs.map((ip, i): [string, string] => [`spec.externalIPs[${i}]`, ip]),
  ]
  const hasExternalIPs = externalIPs.length > 0
  const RULES: readonly [boolean, string][] = [
    [
      'service.kubernetes.io/topology-aware-hints' in (service.metadata.annotations ?? {}),
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    ],
    [
      isHeadless(service) && spec.loadBalancerIP !== undefined,
      'spec.loadBalancerIP is ignored for headless services',
    ],
    [isHeadless(service) && hasExternalIPs, 'spec.externalIPs is ignored for headless services'],
    [
      isHeadless(service) && spec.sessionAffinity !== 'None',
      'spec.SessionAffinity is ignored for headless services',
    ],
    [
      hasExternalIPs && !isHeadless(service) && !isExternalName(service),
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
    [
      isExternalName(service) && hasExternalIPs,
      'spec.externalIPs is ignored when spec.type is "ExternalName"',
    ],
    [
      !isExternalName(service) && spec.externalName !== undefined,
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ],
    [
      spec.trafficDistribution === 'PreferClose',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ]
  return [
    ...ips.flatMap(([field, ip]) => ipWarnings(field, ip)),
    ...RULES.filter(([applies]) => applies).map(([, text]) => text),
  ]
}

function ipWarnings(field: string, text: string): string[] {
  const address = parseAddress(text)
  const canonical = address && formatAddress(address)
  if (canonical === undefined || canonical === text) return []
  return [`${field}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonical}")`]
}
