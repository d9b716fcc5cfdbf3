import type { WantedCondition } from '../conditions/conditions.ts'
import type { ImportedPlan } from './plan.ts'

/** Status, reason and message of a ServiceImport's Ready condition. */
export type Readiness = Omit<WantedCondition, 'type' | 'observedGeneration'>

/**
 * Whether an import works here (KEP-1645, ServiceImport status). `why`: what kept its addresses from being
 * allocated or its slices from being written; undefined where all of this plan is stored. `notes`: what of the
 * exports does not take effect here, though the import works.
 */
export function readinessOf(
  plan: ImportedPlan,
  why: string | undefined,
  notes: readonly string[] = [],
): Readiness {
  if (plan.unsupported) {
    return {
      status: 'False',
      reason: 'IPFamilyNotSupported',
      message: `exported for ${plan.spec.ipFamilies?.join(' and ')}, which Services of this cluster do not have`,
    }
  }
  if (why !== undefined) return { status: 'False', reason: 'Pending', message: why }
  const kept = plan.serviceFamilies.filter(family => !plan.spec.ipFamilies?.includes(family))
  const message = [
    'addresses are allocated and all endpoints are written',
    ...kept.map(
      family =>
        `${family} is not imported any more, as not all exports have it: its address stays with the derived Service`,
    ),
    ...notes,
  ].join('; ')
  return { status: 'True', reason: 'Ready', message }
}
