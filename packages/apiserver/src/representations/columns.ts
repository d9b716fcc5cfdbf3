/** Columns that most Tables have, and how kubectl shows an age. */
import type { Column, StoredObject } from '../registry/definition.ts'

export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
  cell: object => object.metadata.name,
}

export const AGE_COLUMN: Column = {
  name: 'Age',
  type: 'string',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
  priority: 0,
  cell: (object, now) => age(object.metadata.creationTimestamp, now),
}

/** A column of text (integers with `type`), by name, how to read it, and what it means. */
export function column(
  name: string,
  description: string,
  cell: (object: StoredObject, now: Date) => unknown,
  { type = 'string', priority = 0 }: { type?: Column['type']; priority?: number } = {},
): Column {
  return { name, type, description, priority, cell }
}

/** As kubectl shows how long ago something was, such as `5m` or `3d4h`. */
export function age(timestamp: string | undefined, now: Date): string {
  if (timestamp === undefined || timestamp === '') return '<unknown>'
  const seconds = Math.floor((now.getTime() - Date.parse(timestamp)) / 1000)
  return seconds < -1 ? '<invalid>' : duration(Math.max(0, seconds))
}

/** Two units as long as the second one matters, as apimachinery's HumanDuration. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(seconds / 3600)
  const days = Math.floor(hours / 24)
  const years = Math.floor(days / 365)
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (hours < 192) return two(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  if (years < 8) return two(years, 'y', days % 365, 'd')
  return `${years}y`
}
