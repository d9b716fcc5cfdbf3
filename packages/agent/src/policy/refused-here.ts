import { NAMESPACES } from '@isthmus/api'
import {
  type Admission,
  type Contribution,
  type ImportPlan,
  type RefusedHere as Refused,
  splitServiceKey,
} from '@isthmus/core'
import type { Recorder } from '../events/event-recorder.ts'
import { StandingNotes } from '../events/standing-notes.ts'
import type { RefusalCount } from '../options.ts'
import type { OwnCluster } from '../own/own-cluster.ts'
import { countRefusals, refusalsOf } from '../status/refusals.ts'

/**
 * What this cluster's policies refuse now, by service. A member that may not contribute to a namespace is told of
 * on the namespace: there may be no ServiceImport to tell it on.
 */
export class RefusedHere {
  readonly #own: OwnCluster
  readonly #notes: StandingNotes
  readonly #refused = new Map<string, Refused>()

  constructor(own: OwnCluster, recorder: Recorder) {
    this.#own = own
    this.#notes = new StandingNotes(recorder)
  }

  /** Of one service, whenever it is looked at. */
  look(
    key: string,
    plan: ImportPlan,
    members: ReadonlyMap<string, Contribution>,
    admission: Admission,
  ): void {
    if (plan.kind !== 'keep') {
      if (plan.refused.size === 0) this.#refused.delete(key)
      else this.#refused.set(key, plan.refused)
    }
    const namespace = splitServiceKey(key)?.namespace ?? ''
    const object = this.#own.namespaces.get(namespace)
    if (object === undefined) return
    for (const [member, contribution] of members) {
      if (contribution.kind === 'absent') continue
      // Where there is an import, it tells of this itself.
      const refused = plan.kind === 'import' ? undefined : refusalsOf(contribution)
      this.#notes.look(
        key,
        member,
        { type: NAMESPACES, object, namespace },
        refused === undefined
          ? undefined
          : {
              type: 'Warning',
              reason: 'RecordRefused',
              action: 'Check',
              note: `of the export of ${key} by cluster ${member}, this is not used: ${refused}`,
            },
      )
      const refusal = admission.refusalOf(member)
      const note =
        refusal === undefined ? undefined : `of cluster ${member}: ${refusal.rule}: ${refusal.message}`
      this.#notes.look(
        namespace,
        member,
        { type: NAMESPACES, object, namespace },
        note === undefined
          ? undefined
          : { type: 'Warning', reason: 'RefusedByPolicy', action: 'Import', note },
      )
    }
  }

  forget(key: string): void {
    this.#refused.delete(key)
    this.#notes.forget(key)
  }

  counts(): readonly RefusalCount[] {
    return countRefusals([...this.#refused.values()].flatMap(refused => [...refused]))
  }
}
