import { isDeepStrictEqual } from 'node:util'
import type { MemberExport } from './exports.ts'
import { commonFamilies } from './ip-families.ts'
import { isSamePort, samePorts, unionOfPorts } from './ports.ts'

/** A difference among the exports of a service, and how it was resolved. */
export interface Conflict {
  readonly reason: ConflictReason
  /** Which value is used, from which cluster, who disagrees. */
  readonly message: string
}

/** In the order in which several are joined. */
export const CONFLICT_REASONS = [
  'PortConflict',
  'TypeConflict',
  'SessionAffinityConflict',
  'SessionAffinityConfigConflict',
  'LabelsConflict',
  'AnnotationsConflict',
  'InternalTrafficPolicyConflict',
  'TrafficDistributionConflict',
  'IPFamilyConflict',
] as const

export type ConflictReason = (typeof CONFLICT_REASONS)[number]

interface ConflictRule {
  readonly reason: ConflictReason
  /** Whether an export agrees with the oldest, given all in order of precedence. */
  readonly agrees: (other: MemberExport, exports: readonly MemberExport[]) => boolean
  /** What differs, which value is used, and which cluster it comes from. */
  readonly resolution: (oldest: MemberExport, exports: readonly MemberExport[]) => string
}

/** The oldest export's value wins and any other value is a conflict: most fields are of this kind. */
function oldestWins(
  reason: ConflictReason,
  subject: string,
  value: (memberExport: MemberExport) => unknown,
): ConflictRule {
  return {
    reason,
    agrees: (other, [oldest]) => oldest === undefined || isDeepStrictEqual(value(other), value(oldest)),
    resolution: oldest =>
      `${subject} differs: ${shown(value(oldest))} of the oldest export, in cluster ${oldest.clusterId}, is used`,
  }
}

/** KEP-1645, Service Port: the union is exposed; any difference in the sets is a conflict. */
const ports: ConflictRule = {
  reason: 'PortConflict',
  agrees: (other, [oldest]) => oldest === undefined || samePorts(other.spec.ports, oldest.spec.ports),
  resolution: (oldest, exports) => {
    const union = unionOfPorts(exports).map(port => {
      const source = exports.find(({ spec }) => spec.ports.some(own => isSamePort(own, port)))
      return `${port.name || '(unnamed)'} ${port.port}/${port.protocol} from ${source?.clusterId}`
    })
    return `ports differ: the union of all is used, that of the oldest export, in cluster ${oldest.clusterId}, first: ${shown(union)}`
  },
}

/** KEP-1645, IP families: one that does not reach every backend is a conflict, a narrower choice is not. */
const ipFamilies: ConflictRule = {
  reason: 'IPFamilyConflict',
  agrees: (other, exports) => commonFamilies(exports).every(family => other.spec.ipFamilies.includes(family)),
  resolution: (oldest, exports) =>
    `ipFamilies have nothing in common: ${shown(commonFamilies(exports))} of the oldest export, in cluster ${oldest.clusterId}, is used`,
}

/** KEP-1645, Constraints and Conflict Resolution: one rule for each property of an exported service, in this order. */
const RULES: readonly ConflictRule[] = [
  // Service Port.
  ports,
  // Headlessness.
  oldestWins('TypeConflict', 'type', ({ spec }) => spec.type),
  // Session Affinity. It and its config are two properties, each with a reason of its own (upstream's ServiceExport
  // type, and what Cilium and Submariner do): ClientIP against None differs in both, as only the first has a config.
  oldestWins('SessionAffinityConflict', 'sessionAffinity', ({ spec }) => spec.sessionAffinity),
  oldestWins(
    'SessionAffinityConfigConflict',
    'sessionAffinityConfig',
    ({ spec }) => spec.sessionAffinityConfig ?? null,
  ),
  // Labels and Annotations: the oldest export's set as a whole, never a mixture.
  oldestWins('LabelsConflict', 'the set of exported labels', ({ spec }) => spec.labels ?? {}),
  oldestWins('AnnotationsConflict', 'the set of exported annotations', ({ spec }) => spec.annotations ?? {}),
  // Internal Traffic Policy.
  oldestWins(
    'InternalTrafficPolicyConflict',
    'internalTrafficPolicy',
    ({ spec }) => spec.internalTrafficPolicy ?? null,
  ),
  // Traffic Distribution.
  oldestWins(
    'TrafficDistributionConflict',
    'trafficDistribution',
    ({ spec }) => spec.trafficDistribution ?? null,
  ),
  // IP Families.
  ipFamilies,
]

/** All conflicts among exports given in order of precedence, in the fixed order of reasons. */
export function conflictsAmong(exports: readonly MemberExport[]): readonly Conflict[] {
  const [oldest] = exports
  if (oldest === undefined) return []
  const conflicts: Conflict[] = []
  for (const { reason, agrees, resolution } of RULES) {
    const dissenters = exports.filter(other => !agrees(other, exports)).map(({ clusterId }) => clusterId)
    if (dissenters.length === 0) continue
    const disagree = dissenters.length === 1 ? 'disagrees' : 'disagree'
    const message = `${resolution(oldest, exports)}; ${dissenters.length} of ${exports.length} clusters ${disagree}: ${named(dissenters)}`
    conflicts.push({ reason, message })
  }
  return conflicts
}

/** A condition's message has an end, at 32,768 characters: nine of these fit. */
const MAX_VALUE_LENGTH = 1000
const MAX_CLUSTERS = 20

function shown(value: unknown): string {
  const text = value === null ? 'no value' : JSON.stringify(value)
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text
}

function named(clusters: readonly string[]): string {
  const more = clusters.length - MAX_CLUSTERS
  return more > 0 ? `${clusters.slice(0, MAX_CLUSTERS).join(', ')} and ${more} more` : clusters.join(', ')
}
