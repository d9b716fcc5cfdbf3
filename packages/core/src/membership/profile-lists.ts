/** Lists in a ClusterProfile: a property's value has 1024 characters at most, so a long list goes on in others. */
import type { WantedCondition } from '../conditions/conditions.ts'
import type { ProfileFacts } from './profile.ts'

/** What the CRD allows for a property's value. */
export const MAX_VALUE = 1024
/** More would crowd the profile: some 1000 addresses of nodes that lie next to nobody. */
const MAX_PARTS = 16

export interface ListParts {
  /** Name and value of each. */
  readonly properties: readonly (readonly [string, string])[]
  /** How many items found no place. */
  readonly left: number
}

export function listProperties(name: string, items: readonly string[]): ListParts {
  const values: string[] = []
  for (const [index, item] of items.entries()) {
    const value = values.at(-1)
    const next = value === undefined ? item : `${value},${item}`
    if (value !== undefined && next.length <= MAX_VALUE) values[values.length - 1] = next
    else if (values.length < MAX_PARTS && item.length <= MAX_VALUE) values.push(item)
    else return { properties: named(name, values), left: items.length - index }
  }
  return { properties: named(name, values), left: 0 }
}

function named(name: string, values: readonly string[]): [string, string][] {
  return values.map((value, index) => [partName(name, index), value])
}

/** @param text the value of a property */
export function readList(text: (name: string) => string | undefined, name: string): string[] {
  const items: string[] = []
  for (let index = 0; index < MAX_PARTS; index++) {
    const value = text(partName(name, index))
    if (value === undefined) break
    items.push(...value.split(','))
  }
  return items
}

/** `pod-cidrs.isthmus.dev`, `pod-cidrs-2.isthmus.dev`, … */
function partName(name: string, index: number): string {
  return index === 0 ? name : name.replace('.', `-${index + 1}.`)
}

export const RANGES_CONDITION = 'isthmus.dev/RangesPublished'

type Ranges = Pick<ProfileFacts, 'podCIDRs' | 'nodeCIDRs' | 'serviceCIDRs'>

/** Whether others are told all ranges: an overlap with one that they are not told of is not found when they join. */
export function rangesCondition({ podCIDRs, nodeCIDRs, serviceCIDRs }: Ranges): WantedCondition {
  const lists = { pod: podCIDRs, node: nodeCIDRs, Service: serviceCIDRs }
  const cut = Object.entries(lists).flatMap(([what, ranges]) => {
    const { left } = listProperties('', ranges)
    return left === 0 ? [] : [`${left} of ${ranges.length} ${what} ranges`]
  })
  return cut.length === 0
    ? { type: RANGES_CONDITION, status: 'True', reason: 'Published', message: 'all ranges are told' }
    : {
        type: RANGES_CONDITION,
        status: 'False',
        reason: 'TooMany',
        message: `there is no place for ${cut.join(' and ')}: an overlap with one of them is not found when another member joins`,
      }
}
