import type { Condition, ServiceExport } from '@isthmus/api'
import { type WantedCondition, withConditions } from '../conditions/conditions.ts'
import type { Conflict } from '../merge/conflict-rules.ts'
import type { Validity } from './validity.ts'

export interface ExportStatusInput {
  readonly serviceExport: ServiceExport
  readonly validity: Validity
  readonly published: Publication
  /** Undefined while a member that contributes is silent: what the conflicts are is not known then. */
  readonly conflicts: readonly Conflict[] | undefined
  readonly now: string
}

/** Whether record and index that names it are stored as they should be. */
export type Publication =
  /** `without`: what of the export no member uses, and why. */
  | { readonly done: true; readonly without?: string | undefined }
  /** `failed`: it was refused, and waiting alone does not help. */
  | { readonly done: false; readonly failed?: boolean; readonly why: string }

/** The conditions to write, or undefined where nothing differs. */
export function nextExportConditions(input: ExportStatusInput): readonly Condition[] | undefined {
  const existing = input.serviceExport.status?.conditions
  const generation = input.serviceExport.metadata.generation
  const wanted = [validCondition(input), readyCondition(input), conflictCondition(input)]
    .filter(condition => condition !== undefined)
    .map(condition =>
      generation === undefined ? condition : { ...condition, observedGeneration: generation },
    )
  const next = withConditions(existing, wanted, input.now)
  return next === existing ? undefined : next
}

/** ServiceExport, Valid: the Service is there and can be exported. */
function validCondition({ validity }: ExportStatusInput): WantedCondition {
  const { valid, reason, message } = validity
  return { type: 'Valid', status: valid ? 'True' : 'False', reason, message }
}

/** Ready: `Exported`, as members read what is pushed into the exchange; nothing is exported before it is stored. */
function readyCondition({ validity, published }: ExportStatusInput): WantedCondition {
  const type = 'Ready'
  if (!validity.valid) return { type, status: 'False', reason: 'Pending', message: 'the export is not valid' }
  if (!published.done) {
    return { type, status: 'False', reason: published.failed ? 'Failed' : 'Pending', message: published.why }
  }
  const stored = 'record and index are stored in the exchange'
  const message = published.without === undefined ? stored : `${stored}; left out: ${published.without}`
  return { type, status: 'True', reason: 'Exported', message }
}

/** Conflict: on every export of the service, in every cluster, with all reasons joined by commas. */
function conflictCondition({ validity, conflicts }: ExportStatusInput): WantedCondition | undefined {
  const type = 'Conflict'
  if (validity.valid && conflicts === undefined) return undefined
  if (!validity.valid || conflicts === undefined || conflicts.length === 0) {
    return { type, status: 'False', reason: 'NoConflicts', message: 'all exports agree' }
  }
  return {
    type,
    status: 'True',
    reason: conflicts.map(({ reason }) => reason).join(','),
    message: conflicts.map(({ message }) => message).join('; '),
  }
}
