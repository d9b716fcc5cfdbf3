import { type EndpointSlice, LABEL_SLICE_MANAGED_BY, MANAGER } from '@isthmus/api'
import { serviceKey } from '../naming/names.ts'
import type { Obstacle } from './obstacle.ts'
import type { ImportedPlan } from './plan.ts'

/** What is stored under the names that the slices of an import take. */
export interface NamedSlices {
  /** The plan without the slices that cannot be written. */
  readonly plan: ImportedPlan
  /** Ours, those among them that somebody labelled as another import's, or as none's. */
  readonly slices: readonly EndpointSlice[]
  /** Undefined where nothing of a user's is in the way. */
  readonly obstacle: Obstacle | undefined
}

/**
 * Finds slices by the names that are planned for them, as labels may be lost. One that says of itself that we manage
 * it is ours, whatever else it says; any other is left alone, and keeps out no slice but the one of its name.
 */
export function slicesByName(
  namespace: string,
  plan: ImportedPlan,
  labelled: readonly EndpointSlice[],
  find: (name: string) => EndpointSlice | undefined,
): NamedSlices {
  const known = new Set(labelled.map(({ metadata }) => metadata.name))
  const lost: EndpointSlice[] = []
  const taken = new Set<string>()
  for (const { name } of plan.slices) {
    const found = known.has(name) ? undefined : find(name)
    if (found === undefined) continue
    if (found.metadata.labels?.[LABEL_SLICE_MANAGED_BY] === MANAGER) lost.push(found)
    else taken.add(name)
  }
  const slices = lost.length === 0 ? labelled : [...labelled, ...lost]
  const [first] = taken
  if (first === undefined) return { plan, slices, obstacle: undefined }
  const obstacle: Obstacle = {
    kind: 'EndpointSlice',
    message: `there is an EndpointSlice ${serviceKey(namespace, first)} that Isthmus did not make, where an imported one has to be; delete it`,
  }
  return { plan: { ...plan, slices: plan.slices.filter(({ name }) => !taken.has(name)) }, slices, obstacle }
}
