import type { ZoneName, ZoneRecord } from './record.ts'

/**
 * Whether two lists of names are the same, in the same order. Written out: for a service of thousands of
 * endpoints a general comparison takes longer than all else.
 */
export function areSameNames(some: readonly ZoneName[], others: readonly ZoneName[]): boolean {
  return isSameList(
    some,
    others,
    (a, b) => a.name === b.name && isSameList(a.records, b.records, isSameRecord),
  )
}

function isSameList<T>(some: readonly T[], others: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return some.length === others.length && some.every((item, index) => isSame(item, others[index] as T))
}

function isSameRecord(a: ZoneRecord, b: ZoneRecord): boolean {
  if (a.ttl !== b.ttl) return false
  switch (a.type) {
    case 'A':
    case 'AAAA':
      return b.type === a.type && b.address === a.address
    case 'SRV':
      return (
        b.type === a.type &&
        b.target === a.target &&
        b.port === a.port &&
        b.weight === a.weight &&
        b.priority === a.priority
      )
    case 'TXT':
      return b.type === a.type && b.text === a.text
    case 'NS':
      return b.type === a.type && b.target === a.target
  }
}
