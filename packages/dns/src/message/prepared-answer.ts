/** The records of one name and type in wire form: encoded when first asked for, then copied. */
import type { AddressRecord, ZoneName, ZoneRecord } from '@isthmus/core'
import { RecordWriter } from './record-writer.ts'
import { labelsOf } from './wire-name.ts'

/**
 * What follows the question in an answer. Owners are pointers, either to the question, so that they take
 * its case, or to a name in here. An SRV's target is written in full (RFC 2782 forbids to compress it), so
 * where the zone stands in it is kept, for the question's case to be copied there.
 */
export interface PreparedAnswer {
  readonly bytes: Buffer
  /** Where each record ends in `bytes`. */
  readonly ends: readonly number[]
  /** The first so many records are the answer; the others are additional. */
  readonly answerCount: number
  /** All records have this size and may be rotated; 0 if not. */
  readonly rotationStride: number
  /** Which record is given first next time. */
  rotation: number
  /** Where the zone's name stands in full. */
  readonly zoneOffsets: readonly number[]
  /** There was more than even TCP can carry. */
  readonly isCut: boolean
}

export interface PreparationContext {
  /** The zone's name in wire form. */
  readonly zone: Buffer
  /** Seconds, for records without their own. */
  readonly ttl: number
  /** The addresses of a target, for the additional section. */
  readonly addressesOf: (name: string) => readonly AddressRecord[]
}

/** The answer to a question for `name` and a type; undefined if it has no such records (NODATA). */
export function prepareAnswer(
  name: ZoneName,
  type: ZoneRecord['type'],
  context: PreparationContext,
): PreparedAnswer | undefined {
  const records = name.records.filter(record => record.type === type)
  if (records.length === 0) return undefined
  const writer = new RecordWriter(labelsOf(name.name).length, context)
  for (const record of records) writer.writeAnswer(record)
  writer.writeAdditional()
  return writer.finish()
}
