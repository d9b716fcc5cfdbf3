import type { IPFamily, Service, ServiceImport, ServiceImportSpec } from '@isthmus/api'
import type { MemberExport } from '../merge/exports.ts'
import { familyOf } from '../merge/ip-families.ts'
import { merge } from '../merge/merge.ts'
import type { MergedPort } from '../merge/ports.ts'
import { exportedMetadata } from './remembered-metadata.ts'

/** What all exports have in common once merged: from the merge, or, where a member is silent, as it was. */
export interface Basis {
  readonly spec: Omit<ServiceImportSpec, 'ips'>
  readonly ports: readonly MergedPort[]
  readonly ipFamilies: readonly IPFamily[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** By the merge of all exports, of which there is at least one. */
export function freshBasis(exports: readonly MemberExport[]): Basis {
  const merged = merge(exports)
  if (merged === undefined) throw new TypeError('a merge of nothing')
  const { oldest, ports, ipFamilies } = merged
  return {
    ports,
    ipFamilies,
    labels: oldest.labels ?? {},
    annotations: oldest.annotations ?? {},
    spec: {
      type: oldest.type,
      ports: ports.map(({ name, ...port }) => (name === '' ? port : { name, ...port })),
      sessionAffinity: oldest.sessionAffinity,
      ...(oldest.sessionAffinityConfig === undefined
        ? {}
        : { sessionAffinityConfig: oldest.sessionAffinityConfig }),
      ...(oldest.internalTrafficPolicy === undefined
        ? {}
        : { internalTrafficPolicy: oldest.internalTrafficPolicy }),
      ...(oldest.trafficDistribution === undefined
        ? {}
        : { trafficDistribution: oldest.trafficDistribution }),
    },
  }
}

interface Before {
  readonly serviceImport: ServiceImport | undefined
  readonly derivedService: Service | undefined
}

/**
 * The import as it was. What a CRD of an older release did not keep is told by the rest: families by the addresses
 * (what has none is headless), the policies by the derived Service.
 */
export function frozenBasis(
  { serviceImport, derivedService }: Before,
  supported: readonly IPFamily[],
): Basis | undefined {
  if (serviceImport === undefined) return undefined
  const { ips = [], ...kept } = serviceImport.spec
  const spec = kept.internalTrafficPolicy === undefined ? { ...kept, ...policiesOf(derivedService) } : kept
  const exported = exportedMetadata(serviceImport)
  return {
    spec,
    ports: spec.ports.map(port => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })),
    ipFamilies: spec.ipFamilies ?? (ips.length > 0 ? ips.map(familyOf) : supported),
    labels: exported.labels,
    annotations: exported.annotations,
  }
}

function policiesOf(
  service: Service | undefined,
): Pick<ServiceImportSpec, 'internalTrafficPolicy' | 'trafficDistribution'> {
  const { internalTrafficPolicy, trafficDistribution } = service?.spec ?? {}
  return {
    ...(internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy }),
    ...(trafficDistribution === undefined ? {} : { trafficDistribution }),
  }
}
