import type { Condition } from '@isthmus/api'
import type { Readiness } from '@isthmus/core'
import type { EventContent } from '../events/event.ts'

/** What became of the Ready condition of a ServiceImport. */
export interface ImportTransition {
  /** Undefined where the import is new. */
  readonly before: Condition | undefined
  readonly after: Readiness
  /** Something of a user has the name that the derived Service has to have. */
  readonly isBlocked: boolean
  /** Endpoints are on their way: told by the status, and by no event, as it passes. */
  readonly isAwaiting: boolean
  /** Another export decides now where exports differ. */
  readonly winner?: WinnerChange | undefined
  /** What does not take effect though the import works; the notes are in the message. */
  readonly notes: readonly (readonly [reason: string, note: string])[]
}

export interface WinnerChange {
  /** Cluster ids. */
  readonly before: string
  readonly after: string
  /** The one before exports it still: another's export says that it is older, which it can do whenever it likes. */
  readonly overtaken: boolean
}

type Rule = (transition: ImportTransition) => readonly EventContent[]

const familyNotSupported: Rule = ({ before, after }) =>
  after.reason === 'IPFamilyNotSupported' && before?.message !== after.message
    ? [{ type: 'Warning', reason: after.reason, action: 'Import', note: after.message }]
    : []

const pending: Rule = ({ before, after, isBlocked, isAwaiting }) =>
  after.reason === 'Pending' && !isAwaiting && before?.message !== after.message
    ? [
        {
          type: 'Warning',
          reason: isBlocked ? 'NameTaken' : 'Pending',
          action: 'Import',
          note: after.message,
        },
      ]
    : []

const readyAgain: Rule = ({ before, after }) =>
  after.status === 'True' && before?.status === 'False'
    ? [{ type: 'Normal', reason: 'Ready', action: 'Import', note: after.message }]
    : []

/** Told again only when it was not in the message before: a restart finds it there. */
const noted: Rule = ({ before, after, notes }) =>
  notes
    .filter(([, note]) => after.message.includes(note) && before?.message.includes(note) !== true)
    .map(([reason, note]) => ({ type: 'Warning', reason, action: 'Import', note }))

const winnerChanged: Rule = ({ winner }) =>
  winner === undefined
    ? []
    : [
        {
          type: winner.overtaken ? 'Warning' : 'Normal',
          reason: 'WinnerChanged',
          action: 'Merge',
          note: `where exports differ, that of cluster ${winner.after} is used now, no longer that of ${winner.before}${winner.overtaken ? ', which exports it still: the other says that it is older' : ', which does not export it any more'}`,
        },
      ]

const RULES: readonly Rule[] = [familyNotSupported, pending, readyAgain, noted, winnerChanged]

/** The events of a transition; none where the condition is what it was. */
export function importEvents(transition: ImportTransition): readonly EventContent[] {
  return RULES.flatMap(rule => rule(transition))
}
