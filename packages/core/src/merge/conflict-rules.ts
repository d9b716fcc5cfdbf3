import { isDeepStrictEqual } from 'node:util'
import type { MemberExport } from './exports.ts'
import { commonFamilies } from './ip-families.ts'
import { samePorts, unionOfPorts } from './ports.ts'

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
  /** What the value is called in the message. */
  readonly subject: string
  readonly agrees: (other: MemberExport, exports: readonly MemberExport[]) => boolean
  readonly used: (exports: readonly MemberExport[]) => unknown
}

/** The oldest export's value wins and any other value is a conflict: most fields are of this kind. */
function oldestWins(
  reason: ConflictReason,
  subject: string,
  value: (memberExport: MemberExport) => unknown,
): ConflictRule {
  const oldest = (exports: readonly MemberExport[]) => {
    const [first] = exports
    return first === undefined ? undefined : value(first)
  }
  return {
    reason,
    subject,
    used: oldest,
    agrees: (other, all) => isDeepStrictEqual(value(other), oldest(all)),
  }
}

/** KEP-1645, Constraints and conflict resolution: one rule per property of an exported service. */
const RULES: readonly ConflictRule[] = [
  {
    // Service port: the union is exposed; any difference in the sets is a conflict.
    reason: 'PortConflict',
    subject: 'ports',
    used: exports =>
      unionOfPorts(exports).map(({ name, protocol, port }) => `${name || '(unnamed)'} ${port}/${protocol}`),
    agrees: (other, [oldest]) => oldest === undefined || samePorts(other.spec.ports, oldest.spec.ports),
  },
  oldestWins('TypeConflict', 'type', ({ spec }) => spec.type),
  oldestWins('SessionAffinityConflict', 'sessionAffinity', ({ spec }) => spec.sessionAffinity),
  oldestWins(
    'SessionAffinityConfigConflict',
    'sessionAffinityConfig',
    ({ spec }) => spec.sessionAffinityConfig ?? null,
  ),
  // Labels and annotations: the oldest export's set as a whole, never a mixture.
  oldestWins('LabelsConflict', 'exported labels', ({ spec }) => spec.labels ?? {}),
  oldestWins('AnnotationsConflict', 'exported annotations', ({ spec }) => spec.annotations ?? {}),
  oldestWins(
    'InternalTrafficPolicyConflict',
    'internalTrafficPolicy',
    ({ spec }) => spec.internalTrafficPolicy ?? null,
  ),
  oldestWins(
    'TrafficDistributionConflict',
    'trafficDistribution',
    ({ spec }) => spec.trafficDistribution ?? null,
  ),
  {
    // IP families: only one that does not reach every backend is a conflict, not a narrower choice.
    reason: 'IPFamilyConflict',
    subject: 'ipFamilies',
    used: commonFamilies,
    agrees: (other, exports) =>
      commonFamilies(exports).every(family => other.spec.ipFamilies.includes(family)),
  },
]

/** All conflicts among exports given in order of precedence, in the fixed order of reasons. */
export function conflictsAmong(exports: readonly MemberExport[]): readonly Conflict[] {
  const [oldest] = exports
  if (oldest === undefined) return []
  const conflicts: Conflict[] = []
  for (const { reason, subject, agrees, used } of RULES) {
    const dissenters = exports.filter(other => !agrees(other, exports)).map(({ clusterId }) => clusterId)
    if (dissenters.length === 0) continue
    const value =
      reason === 'PortConflict'
        ? 'the union, oldest export first,'
        : `that of the oldest export, in cluster ${oldest.clusterId},`
    conflicts.push({
      reason,
      message:
        `${subject} differ: ${value} is used: ${JSON.stringify(used(exports))}; ` +
        `${dissenters.length} of ${exports.length} clusters ${dissenters.length === 1 ? 'disagrees' : 'disagree'} ` +
        `with ${oldest.clusterId}: ${dissenters.join(', ')}`,
    })
  }
  return conflicts
}
