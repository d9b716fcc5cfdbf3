import type { Condition } from '@isthmus/api'
import type { EventContent } from '../events/event.ts'

/** What became of the conditions of a ServiceExport. */
export interface ExportTransition {
  readonly before: readonly Condition[] | undefined
  readonly after: readonly Condition[]
  /** The cluster whose export decides, and the one that did before, as far as this process knows. */
  readonly winner: { readonly before: string | undefined; readonly after: string | undefined }
}

interface Change {
  readonly before: Condition | undefined
  readonly after: Condition
  readonly winner: ExportTransition['winner']
}

type Rule = (change: Change) => EventContent | undefined

const conflictRaised: Rule = ({ before, after }) =>
  after.type === 'Conflict' && after.status === 'True' && before?.status !== 'True'
    ? { type: 'Warning', reason: 'Conflict', action: 'Merge', note: `${after.reason}: ${after.message}` }
    : undefined

const conflictOver: Rule = ({ before, after }) =>
  after.type === 'Conflict' && after.status !== 'True' && before?.status === 'True'
    ? { type: 'Normal', reason: 'ConflictResolved', action: 'Merge', note: `no longer: ${before.reason}` }
    : undefined

/** Another export has become the oldest: values that were overruled may be in force now. */
const winnerChanged: Rule = ({ before, after, winner }) =>
  after.type === 'Conflict' &&
  [before?.status, after.status].includes('True') &&
  winner.before !== undefined &&
  winner.after !== undefined &&
  winner.before !== winner.after
    ? {
        type: 'Normal',
        reason: 'WinnerChanged',
        action: 'Merge',
        note: `where exports differ, that of cluster ${winner.after} is used now, no longer that of ${winner.before}`,
      }
    : undefined

const conflictChanged: Rule = change =>
  change.after.type === 'Conflict' &&
  change.after.status === 'True' &&
  change.before?.status === 'True' &&
  winnerChanged(change) === undefined
    ? {
        type: 'Warning',
        reason: 'Conflict',
        action: 'Merge',
        note: `${change.after.reason}: ${change.after.message}`,
      }
    : undefined

/** NoService, InvalidServiceType. */
const invalid: Rule = ({ before, after }) =>
  after.type === 'Valid' && after.status === 'False' && before?.reason !== after.reason
    ? { type: 'Warning', reason: after.reason, action: 'Validate', note: after.message }
    : undefined

const validAgain: Rule = ({ before, after }) =>
  after.type === 'Valid' && after.status === 'True' && before?.status === 'False'
    ? { type: 'Normal', reason: after.reason, action: 'Validate', note: after.message }
    : undefined

const failed: Rule = ({ after }) =>
  after.type === 'Ready' && after.reason === 'Failed'
    ? { type: 'Warning', reason: 'Failed', action: 'Publish', note: after.message }
    : undefined

const exportedAgain: Rule = ({ before, after }) =>
  after.type === 'Ready' && after.status === 'True' && before?.reason === 'Failed'
    ? { type: 'Normal', reason: after.reason, action: 'Publish', note: after.message }
    : undefined

const RULES: readonly Rule[] = [
  conflictRaised,
  conflictOver,
  winnerChanged,
  conflictChanged,
  invalid,
  validAgain,
  failed,
  exportedAgain,
]

/** The events of a transition. Conditions that stayed what they were have none: a restart tells nothing again. */
export function exportEvents({ before, after, winner }: ExportTransition): readonly EventContent[] {
  return after.flatMap(condition => {
    const was = before?.find(({ type }) => type === condition.type)
    if (
      was?.status === condition.status &&
      was.reason === condition.reason &&
      was.message === condition.message
    )
      return []
    return RULES.map(rule => rule({ before: was, after: condition, winner })).filter(
      event => event !== undefined,
    )
  })
}
