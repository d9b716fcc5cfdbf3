import type { Contribution, ImportedPlan } from '@isthmus/core'
import { refusalsInWords, refusalsOf } from '../status/refusals.ts'

/** Of how many members refusals are told in the status. */
const MAX_REFUSING = 5

export type ImportNote = readonly [reason: string, note: string]

/** What of the exports does not take effect here. `leftOut`: a trafficDistribution that this API server does not know. */
export function importNotes(
  plan: ImportedPlan,
  members: ReadonlyMap<string, Contribution>,
  leftOut: string | undefined,
): readonly ImportNote[] {
  const ofRecords = [...members].flatMap(([clusterId, contribution]): ImportNote[] => {
    const refused = refusalsOf(contribution)
    if (refused === undefined) return []
    return [['RecordRefused', `of the export of cluster ${clusterId}, this is not used: ${refused}`]]
  })
  const ofPolicy = [...plan.refused].map(
    ([clusterId, refused]): ImportNote => [
      'RefusedByPolicy',
      `of the export of cluster ${clusterId}, this is not used here: ${refusalsInWords(refused)}`,
    ],
  )
  return [...ofServer(leftOut), ...ofRecords.slice(0, MAX_REFUSING), ...ofPolicy.slice(0, MAX_REFUSING)]
}

function ofServer(leftOut: string | undefined): readonly ImportNote[] {
  if (leftOut === undefined) return []
  const note = `trafficDistribution ${leftOut} is left out: this API server does not know it`
  return [['TrafficDistributionNotSupported', note]]
}
