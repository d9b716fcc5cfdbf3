import type { Column, StoredObject } from '../registry/definition.ts'
import { age, column, NAME_COLUMN } from '../representations/columns.ts'
import type { CoreEvent } from './event.ts'

const of = (cell: (event: CoreEvent, now: Date) => unknown) => (object: StoredObject, now: Date) =>
  cell(object as CoreEvent, now)

const firstSeen = ({ firstTimestamp, eventTime }: CoreEvent, now: Date) =>
  age(firstTimestamp ?? eventTime ?? undefined, now)

function lastSeen({ series, lastTimestamp, firstTimestamp, eventTime }: CoreEvent, now: Date): string {
  return age(series?.lastObservedTime ?? lastTimestamp ?? firstTimestamp ?? eventTime ?? undefined, now)
}

const source = ({ source, reportingComponent }: CoreEvent): string =>
  [source.component || reportingComponent, source.host].filter(Boolean).join(', ')

const wide = { priority: 1 }

export const EVENT_COLUMNS: readonly Column[] = [
  column('Last Seen', 'When this happened last.', of(lastSeen)),
  column(
    'Type',
    'Normal or Warning.',
    of(e => e.type ?? ''),
  ),
  column(
    'Reason',
    'Why this happened, in a word.',
    of(e => e.reason ?? ''),
  ),
  column(
    'Object',
    'What this is about.',
    of(({ involvedObject: { kind = '', name = '' } }) => `${kind.toLowerCase()}/${name}`),
  ),
  column(
    'Subobject',
    'The part of the object.',
    of(e => e.involvedObject.fieldPath ?? ''),
    wide,
  ),
  column('Source', 'Who reported this.', of(source), wide),
  column(
    'Message',
    'What happened, in a sentence.',
    of(e => (e.message ?? '').trim()),
  ),
  column('First Seen', 'When this happened first.', of(firstSeen), wide),
  column(
    'Count',
    'How often this happened.',
    of(e => e.series?.count ?? e.count ?? 1),
    {
      type: 'integer',
      priority: 1,
    },
  ),
  { ...NAME_COLUMN, priority: 1 },
]
