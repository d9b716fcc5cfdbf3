/** `metadata.managedFields`: who owns which fields of an object, and how entries are kept. */
import { isPlainObject } from '../schema/plain-object.ts'
import { EMPTY, type FieldSet, fromFieldsV1, isEmpty, toFieldsV1, union } from './field-set.ts'

export type Operation = 'Apply' | 'Update'

/** One manager and the fields it owns. */
export interface Manager {
  readonly manager: string
  readonly operation: Operation
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly fields: FieldSet
}

/** By identity: an applier is the same in every version. */
export type Managers = Map<string, Manager>

export type ManagerIdentity = Omit<Manager, 'time' | 'fields'>

export const identify = ({ manager, operation, apiVersion, subresource }: ManagerIdentity): string =>
  JSON.stringify([manager, operation, subresource, operation === 'Apply' ? '' : apiVersion])

export function decodeManagers(managedFields: unknown): Managers {
  const managers: Managers = new Map()
  for (const entry of Array.isArray(managedFields) ? managedFields : []) {
    if (!isPlainObject(entry)) continue
    const text = (key: string) => (typeof entry[key] === 'string' ? entry[key] : '')
    const decoded: Manager = {
      manager: text('manager'),
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: text('apiVersion'),
      subresource: text('subresource'),
      time: typeof entry.time === 'string' ? entry.time : undefined,
      fields: fromFieldsV1(entry.fieldsV1),
    }
    managers.set(identify(decoded), decoded)
  }
  return managers
}

/** A single empty entry asks for managedFields to be forgotten. */
export const isReset = (managedFields: unknown): boolean =>
  Array.isArray(managedFields) &&
  managedFields.length === 1 &&
  isPlainObject(managedFields[0]) &&
  Object.keys(managedFields[0]).length === 0

export function encodeManagers(managers: Managers): Record<string, unknown>[] {
  const owning = [...managers.values()].filter(({ fields }) => !isEmpty(fields))
  return owning
    .sort(byOperationAndTime)
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource === '' ? {} : { subresource }),
    }))
}

const sortKey = ({ operation, time, manager, apiVersion, subresource }: Manager) =>
  [operation, time ?? '', manager, apiVersion, subresource].join('\0')

const byOperationAndTime = (a: Manager, b: Manager) => (sortKey(a) < sortKey(b) ? -1 : 1)

const MAX_UPDATERS = 10

/** Keeps the updaters to ten: the oldest of a version are merged into `ancient-changes`. */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers]
    .filter(([, { operation }]) => operation === 'Update')
    .sort(([, a], [, b]) => byOperationAndTime(a, b))
  let excess = updaters.length - MAX_UPDATERS
  const oldest = new Map<string, string>()
  for (const [id, updater] of updaters) {
    if (excess <= 0) return
    const { apiVersion } = updater
    const first = oldest.get(apiVersion)
    if (first === undefined) {
      oldest.set(apiVersion, id)
      continue
    }
    const bucket: Manager = { ...updater, manager: 'ancient-changes', subresource: '' }
    const bucketId = identify(bucket)
    const merged = [bucketId, first, id].map(key => managers.get(key)?.fields ?? EMPTY).reduce(union)
    for (const key of [first, id]) managers.delete(key)
    managers.set(bucketId, { ...bucket, fields: merged })
    oldest.set(apiVersion, bucketId)
    excess--
  }
}
