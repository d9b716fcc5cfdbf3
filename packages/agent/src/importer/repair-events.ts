import type { EventContent } from '../events/event.ts'
import type { Repair } from './made-objects.ts'

const KINDS: Readonly<Record<Repair['kind'], string>> = {
  Service: 'the derived Service',
  ServiceImport: 'this ServiceImport',
  EndpointSlice: 'the imported EndpointSlice',
}

/** How many names one event lists. */
const MAX_NAMES = 5

/** One event for all of a kind that the same was done to: whoever deletes slices rarely deletes one. */
export function repairEvents(repairs: readonly Repair[]): readonly EventContent[] {
  const groups = Map.groupBy(repairs, ({ kind, what }) => `${KINDS[kind]} ${what}`)
  return [...groups.values()].map(group => {
    const [{ kind, what } = { kind: 'EndpointSlice', what: 'edited' } as const] = group
    const names = group.map(({ name }) => name).sort()
    const shown = names.slice(0, MAX_NAMES).join(', ')
    const subject =
      names.length === 1
        ? `${KINDS[kind]} ${shown} was`
        : `${names.length} imported EndpointSlices (${shown}${names.length > MAX_NAMES ? ', …' : ''}) were`
    return {
      type: 'Normal',
      reason: 'Repaired',
      action: 'Repair',
      note: `${subject} ${what} by somebody, and ${names.length === 1 ? 'is' : 'are'} as before again`,
    }
  })
}
