import { type Condition, SERVICE_EXPORTS, type ServiceExport } from '@isthmus/api'
import {
  type Conflict,
  type Contribution,
  conflictsAmong,
  knownExports,
  nextExportConditions,
  type Publication,
} from '@isthmus/core'
import { done, type Outcome } from '@isthmus/kube'
import type { Recorder } from '../events/event-recorder.ts'
import { StandingNotes } from '../events/standing-notes.ts'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownExport } from '../own/own-exports.ts'
import { time } from '../timestamps.ts'
import { exportEvents } from './export-events.ts'
import { refusalsOf } from './refusals.ts'

export interface ExportConditionsOptions {
  readonly own: OwnCluster
  readonly contributions: (key: string) => ReadonlyMap<string, Contribution>
  /** Whether record and index of a valid export are stored. */
  readonly publication: (key: string) => Publication
  readonly recorder: Recorder
  readonly clock: () => number
}

/** Keeps the conditions of own ServiceExports, the only thing of a user's that an agent writes. */
export class ExportConditions {
  readonly #options: ExportConditionsOptions
  /** Whose export decided when it was last looked at. */
  readonly #winners = new Map<string, string>()
  readonly #refusals: StandingNotes

  constructor(options: ExportConditionsOptions) {
    this.#options = options
    this.#refusals = new StandingNotes(options.recorder)
  }

  async reconcile(key: string): Promise<Outcome> {
    const { own, contributions, publication, clock } = this.#options
    const found = ownExport(own, key)
    if (found === undefined) return this.#forget(key)
    const { serviceExport, validity } = found
    const members = contributions(key)
    const exports = knownExports(members)
    const conflicts = conflictsAmong(exports)
    const isSilent = [...members.values()].some(c => c.kind === 'unknown' && c.remembered === undefined)
    const before = serviceExport.status?.conditions
    const after = nextExportConditions({
      serviceExport,
      validity,
      published: validity.valid ? publication(key) : { done: false, why: validity.message },
      conflicts: isSilent && isKnown(conflicts, before) ? undefined : conflicts,
      now: time(clock()),
    })
    const winner = { before: this.#winners.get(key), after: exports[0]?.clusterId }
    if (after !== undefined) {
      const status = { ...serviceExport.status, conditions: [...after] }
      await own.writes.updateStatus(SERVICE_EXPORTS, { ...serviceExport, status })
      for (const event of exportEvents({ before, after, winner })) this.#record(serviceExport, event)
    }
    if (winner.after === undefined) this.#winners.delete(key)
    else if (!isSilent) this.#winners.set(key, winner.after)
    this.#tellRefusals(key, serviceExport, members)
    return done()
  }

  /** What is refused of other members' records concerns those who export the same service. */
  #tellRefusals(key: string, serviceExport: ServiceExport, members: ReadonlyMap<string, Contribution>): void {
    for (const [clusterId, contribution] of members) {
      const refused = refusalsOf(contribution)
      if (contribution.kind === 'unknown' && refused === undefined) continue
      this.#refusals.look(
        key,
        clusterId,
        { type: SERVICE_EXPORTS, object: serviceExport },
        refused === undefined
          ? undefined
          : {
              type: 'Warning',
              reason: 'RecordRefused',
              action: 'Check',
              note: `of the export of cluster ${clusterId}, this is not used: ${refused}`,
            },
      )
    }
  }

  #record(serviceExport: ServiceExport, event: Parameters<Recorder['record']>[1]): void {
    this.#options.recorder.record({ type: SERVICE_EXPORTS, object: serviceExport }, event)
  }

  #forget(key: string): Outcome {
    this.#winners.delete(key)
    this.#refusals.forget(key)
    return done()
  }
}

/**
 * Whether a conflict stands that is all that is seen now. While a member is silent, it may still disagree: what is
 * new is raised, nothing is cleared, and no other number of clusters is told.
 */
function isKnown(conflicts: readonly Conflict[], before: readonly Condition[] | undefined): boolean {
  const standing = before?.find(({ type, status }) => type === 'Conflict' && status === 'True')
  const reasons = standing?.reason.split(',') ?? []
  return standing !== undefined && conflicts.every(({ reason }) => reasons.includes(reason))
}
