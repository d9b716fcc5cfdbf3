/** Between the two forms of an Event, field by field. */
import type { StoredObject } from '../registry/definition.ts'
import type { CoreEvent } from './event.ts'

type Fields = Readonly<Record<string, unknown>>

/** Fields of events.k8s.io by their names in the core group; a value for those that are there always. */
const NAMES: readonly {
  readonly core: string
  readonly name: string
  readonly always?: unknown
  readonly coreAlways?: unknown
}[] = [
  { core: 'involvedObject', name: 'regarding', always: {}, coreAlways: {} },
  { core: 'related', name: 'related' },
  { core: 'reason', name: 'reason' },
  { core: 'message', name: 'note' },
  { core: 'source', name: 'deprecatedSource', always: {}, coreAlways: {} },
  { core: 'firstTimestamp', name: 'deprecatedFirstTimestamp', always: null, coreAlways: null },
  { core: 'lastTimestamp', name: 'deprecatedLastTimestamp', always: null, coreAlways: null },
  { core: 'count', name: 'deprecatedCount' },
  { core: 'type', name: 'type' },
  { core: 'eventTime', name: 'eventTime', always: null, coreAlways: null },
  { core: 'series', name: 'series' },
  { core: 'action', name: 'action' },
  { core: 'reportingComponent', name: 'reportingController', coreAlways: '' },
  { core: 'reportingInstance', name: 'reportingInstance', coreAlways: '' },
]

/** The fields of a core Event; of `{}` those that are there always. */
export function toCoreEvent(event: Fields | StoredObject): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const { core, name, coreAlways } of NAMES) {
    const value = (event as Fields)[name] ?? coreAlways
    if (value !== undefined) result[core] = value
  }
  return result
}

/** The fields of an Event of events.k8s.io. */
export function fromCoreEvent(event: Fields | CoreEvent): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const { core, name, always } of NAMES) {
    const value = (event as Fields)[core] ?? always
    if (value !== undefined && value !== '') result[name] = value
  }
  return result
}
