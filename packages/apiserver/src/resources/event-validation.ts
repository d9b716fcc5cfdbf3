/** What an Event has to be: little in the core group, more in events.k8s.io. */
import type { WriteContext } from '../registry/definition.ts'
import { type FieldError, invalid, required } from '../registry/field-error.ts'
import { labelKeyErrors } from '../registry/names.ts'
import { equalJson } from '../rest/json.ts'
import type { CoreEvent } from './event.ts'

const LIMITS = { reportingInstance: 128, action: 128, reason: 128, message: 1024 } as const

export const coreEventErrors = (event: CoreEvent, _old: CoreEvent | undefined): FieldError[] =>
  namespaceErrors(event)

/** Field names are the core group's: kube-apiserver validates that form. */
export function newEventErrors(
  event: CoreEvent,
  old: CoreEvent | undefined,
  _context: WriteContext,
): FieldError[] {
  const errors = namespaceErrors(event)
  if (old !== undefined) return [...errors, ...changeErrors(event, old)]
  if (event.eventTime === null) errors.push(required('eventTime'))
  if (event.reportingComponent === '') errors.push(required('reportingController'))
  else {
    const wrong = labelKeyErrors(event.reportingComponent)
    errors.push(...wrong.map(e => invalid('reportingController', event.reportingComponent, e)))
  }
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    if (!event[field]) errors.push(required(field))
  }
  for (const [field, limit] of Object.entries(LIMITS)) {
    if (String(event[field] ?? '').length > limit) {
      errors.push(invalid(field, '', `can have at most ${limit} characters`))
    }
  }
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalid('type', '', 'has invalid value: '.concat(event.type ?? '')))
  }
  return errors
}

/** An Event is where its object is; of a cluster scoped object in `default`. */
function namespaceErrors({ involvedObject, metadata }: CoreEvent): FieldError[] {
  const expected = involvedObject.namespace || 'default'
  if (metadata.namespace === expected) return []
  const text = 'does not match event.namespace'
  return [invalid('involvedObject.namespace', involvedObject.namespace ?? '', text)]
}

const FIXED = [
  'involvedObject',
  'reason',
  'type',
  'action',
  'eventTime',
  'reportingComponent',
  'reportingInstance',
] as const

function changeErrors(event: CoreEvent, old: CoreEvent): FieldError[] {
  return FIXED.filter(field => !equalJson(event[field], old[field])).map(field =>
    invalid(
      field === 'reportingComponent' ? 'reportingController' : field,
      event[field],
      'field is immutable',
    ),
  )
}
