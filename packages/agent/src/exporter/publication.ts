import { type Publication, whyNotNamed } from '@isthmus/core'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownRecord } from '../own/own-exports.ts'
import { refusalsInWords } from '../status/refusals.ts'
import type { IndexPublisher } from './index-publisher.ts'
import type { RecordPublisher } from './record-publisher.ts'

export interface Publishers {
  readonly own: OwnCluster
  readonly clusterId: string
  readonly records: Pick<RecordPublisher, 'refusalOf' | 'isStored'>
  readonly index: Pick<IndexPublisher, 'isNamed'>
}

/** How far the publication of a valid export has come. */
export function publicationOf(key: string, { own, clusterId, records, index }: Publishers): Publication {
  const record = ownRecord(own, clusterId, key)
  const without = record === undefined ? undefined : refusalsInWords(record.refusals)
  if (record?.refused) return { done: false, failed: true, why: `no member accepts it: ${without}` }
  const refusal = records.refusalOf(key)
  if (refusal !== undefined) return { done: false, failed: true, why: refusal }
  if (!records.isStored(key)) return { done: false, why: 'the record is not stored in the exchange yet' }
  if (!index.isNamed(key)) {
    const full = whyNotNamed(own.exportIndex)
    if (full !== undefined) return { done: false, failed: true, why: full }
    return { done: false, why: 'the index does not name the record yet' }
  }
  return { done: true, without }
}
