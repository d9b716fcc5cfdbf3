import { type Condition, LABEL_SOURCE_CLUSTER, type ServiceImport } from '@isthmus/api'
import {
  type ExistingImport,
  type ImportedPlan,
  isHeldBack,
  type LostMember,
  MEMBERS_AVAILABLE,
  type MemberPhase,
  membersCondition,
  membersToldLost,
  memberTransitions,
  readyEndpointsOf,
  type WantedCondition,
  withoutLastEndpoints,
} from '@isthmus/core'
import type { EventContent } from '../events/event.ts'

/** What is known of lost members, for one import. */
export interface LostMembersView {
  /** Undefined as long as it is not known. */
  phaseOf(clusterId: string, key: string): MemberPhase | undefined
  since(clusterId: string): string
  isExporter(clusterId: string, key: string): boolean | undefined
  importTold(clusterId: string, reason: string): void
}

/** What lost members mean to one import. */
export interface ImportLosses {
  /** Whose endpoints are written as not ready. */
  readonly heldBack: ReadonlySet<string>
  /** Who has no say in the merge, as long as it is lost. */
  readonly removed: ReadonlySet<string>
  /** Undefined where nobody is lost, and nobody was. */
  readonly condition: WantedCondition | undefined
  /** What the condition does not tell yet. Counts them as told. */
  takeEvents(): readonly EventContent[]
}

/** `plan`: undefined for an import that goes, as nobody is left who exports the service. */
export function importLosses(
  view: LostMembersView,
  key: string,
  members: Iterable<string>,
  existing: ExistingImport,
  plan: ImportedPlan | undefined,
): ImportLosses {
  const before = conditionOf(existing.serviceImport)
  const told = membersToldLost(before)
  const found = [...members].map(id => [id, view.phaseOf(id, key)] as const)
  if (found.some(([, phase]) => phase === undefined)) return asStored(existing)
  const phases = new Map(found.map(([id, phase = 'present']) => [id, phase]))
  const silent = new Set([...phases].filter(([, phase]) => phase === 'notReady').map(([id]) => id))
  const heldBack =
    plan === undefined || silent.size === 0
      ? silent
      : withoutLastEndpoints(silent, readyEndpointsOf(plan, existing.slices))
  const concerns = (id: string, phase: MemberPhase) =>
    phase === 'removed' ? (view.isExporter(id, key) ?? told.has(id)) : plan?.clusters.includes(id) === true
  const lost = [...phases].flatMap(([clusterId, phase]): LostMember[] =>
    phase === 'present' || !concerns(clusterId, phase)
      ? []
      : [
          {
            clusterId,
            phase,
            isLast: phase === 'notReady' && !heldBack.has(clusterId),
            since: view.since(clusterId),
          },
        ],
  )
  return {
    heldBack,
    removed: new Set([...phases].filter(([, phase]) => phase === 'removed').map(([id]) => id)),
    condition: membersCondition(lost, before),
    takeEvents: () =>
      memberTransitions(lost, before).map(({ clusterId, reason, note, isGood }) => {
        view.importTold(clusterId, reason)
        return { type: isGood ? 'Normal' : 'Warning', reason, action: 'Import', note }
      }),
  }
}

/** What is not known yet stays as it was. */
function asStored({ slices }: ExistingImport): ImportLosses {
  const heldBack = slices
    .filter(isHeldBack)
    .map(({ metadata }) => metadata.labels?.[LABEL_SOURCE_CLUSTER] ?? '')
  return { heldBack: new Set(heldBack), removed: new Set(), condition: undefined, takeEvents: () => [] }
}

function conditionOf(serviceImport: ServiceImport | undefined): Condition | undefined {
  return serviceImport?.status?.conditions?.find(({ type }) => type === MEMBERS_AVAILABLE)
}
