/** Events: those of the core group, and the same objects as events.k8s.io shows them. */
import type { ResourceDefinition, StoredObject, WriteContext } from '../registry/definition.ts'
import { builtIn } from './built-in.ts'
import { EVENT_COLUMNS } from './event-columns.ts'
import { fromCoreEvent, toCoreEvent } from './event-conversion.ts'
import { coreEventErrors, newEventErrors } from './event-validation.ts'

export interface ObjectReference {
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  apiVersion?: string
  resourceVersion?: string
  fieldPath?: string
}

/** In the core group's words, which are those that are stored. */
export interface CoreEvent extends StoredObject {
  involvedObject: ObjectReference
  related?: ObjectReference
  reason?: string
  message?: string
  source: { component?: string; host?: string }
  firstTimestamp: string | null
  lastTimestamp: string | null
  count?: number
  type?: string
  eventTime: string | null
  series?: { count: number; lastObservedTime: string }
  action?: string
  reportingComponent: string
  reportingInstance: string
}

const REFERENCE_FIELDS = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
] as const

/** Selectors read the core form, whichever form is served. */
function selectableFields(reference: string, component: string, read: (object: StoredObject) => CoreEvent) {
  const fields: Record<string, (object: StoredObject) => string> = {
    reason: object => read(object).reason ?? '',
    type: object => read(object).type ?? '',
    [component]: object => read(object).reportingComponent,
  }
  for (const field of REFERENCE_FIELDS) {
    fields[`${reference}.${field}`] = object => read(object).involvedObject[field] ?? ''
  }
  return fields
}

export const coreEvents: ResourceDefinition = builtIn({
  group: '',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  createOnUpdate: true,
  selectableFields: {
    ...selectableFields('involvedObject', 'reportingComponent', object => object as CoreEvent),
    source: object => (object as CoreEvent).source.component || (object as CoreEvent).reportingComponent,
  },
  columns: EVENT_COLUMNS,
  emptyObject: toCoreEvent({}),
  rules: {
    fill: object => fill(object as CoreEvent),
    validate: (object, old) => coreEventErrors(object as CoreEvent, old as CoreEvent | undefined),
  },
})

export const newEvents: ResourceDefinition = builtIn({
  group: 'events.k8s.io',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  createOnUpdate: true,
  storedAs: { group: '', plural: 'events' },
  conversion: {
    toStored: object => withKind(object, 'v1', toCoreEvent(object)),
    fromStored: object => withKind(object, 'events.k8s.io/v1', fromCoreEvent(object as CoreEvent)),
  },
  selectableFields: selectableFields(
    'regarding',
    'reportingController',
    object => toCoreEvent(object) as CoreEvent,
  ),
  columns: EVENT_COLUMNS.map(column => ({
    ...column,
    cell: (object: StoredObject, now: Date) => column.cell(withKind(object, 'v1', toCoreEvent(object)), now),
  })),
  emptyObject: fromCoreEvent({}),
  rules: {
    fill: object => void Object.assign(object, fromCoreEvent(toCoreEvent(object) as CoreEvent)),
    validate: (object, old, context: WriteContext) =>
      newEventErrors(
        withKind(object, 'v1', toCoreEvent(object)) as CoreEvent,
        old && (withKind(old, 'v1', toCoreEvent(old)) as CoreEvent),
        context,
      ),
  },
})

function fill(event: CoreEvent): void {
  event.involvedObject ??= {}
  event.source ??= {}
  event.firstTimestamp ??= null
  event.lastTimestamp ??= null
  event.eventTime ??= null
  event.reportingComponent ??= ''
  event.reportingInstance ??= ''
}

const withKind = (object: StoredObject, apiVersion: string, body: object): StoredObject => ({
  kind: 'Event',
  apiVersion,
  metadata: object.metadata,
  ...body,
})
