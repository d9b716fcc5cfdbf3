/** How a write changes who owns which fields. */

import type { Managers } from './field-managers.ts'
import { difference, type FieldSet, intersection, isEmpty, onlyUnder, union, without } from './field-set.ts'
import { fieldElement } from './path-element.ts'
import type { Comparison } from './typed-value.ts'

/** Fields of metadata that the server sets, and the type: nobody owns them. */
const UNOWNED: FieldSet = (() => {
  const leaf: FieldSet = { member: true, children: new Map() }
  const meta = [
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ]
  const metadata: FieldSet = {
    member: true,
    children: new Map(meta.map(field => [fieldElement(field), leaf])),
  }
  const root: [string, FieldSet][] = [
    [fieldElement('apiVersion'), leaf],
    [fieldElement('kind'), leaf],
    [fieldElement('metadata'), metadata],
  ]
  return { member: true, children: new Map(root) }
})()

/** What a manager may own: not what the server sets, nor what this subresource does not write. */
export function ownable(fields: FieldSet, subresource: string, hasStatus: boolean): FieldSet {
  const owned = difference(fields, UNOWNED)
  if (subresource === 'status') return onlyUnder(owned, [fieldElement('status')])
  return hasStatus ? without(owned, [fieldElement('status')]) : owned
}

/** Fields that others own and this write changes, by manager. */
export function conflictsOf(
  managers: Managers,
  self: string,
  { added, modified }: Comparison,
): Map<string, FieldSet> {
  const changed = union(modified, added)
  const conflicts = new Map<string, FieldSet>()
  for (const [id, { fields }] of managers) {
    const conflict = id === self ? undefined : intersection(fields, changed)
    if (conflict && !isEmpty(conflict)) conflicts.set(id, conflict)
  }
  return conflicts
}

/** Others lose what this write changes or removes. */
export function disown(managers: Managers, self: string, { added, modified, removed }: Comparison): void {
  const lost = union(union(modified, added), removed)
  for (const [id, manager] of managers) {
    if (id === self) continue
    const fields = difference(manager.fields, lost)
    if (isEmpty(fields)) managers.delete(id)
    else managers.set(id, { ...manager, fields })
  }
}
