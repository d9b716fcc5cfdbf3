/**
 * Objects as server-side apply sees them: what is owned and merged field by field, item by item or only as a whole.
 * Follows sigs.k8s.io/structured-merge-diff.
 */
import { isDeepStrictEqual } from 'node:util'
import { childSchema, itemSchema } from '../schema/children.ts'
import { isPlainObject, type PlainObject, setOwn } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'
import { EMPTY, type FieldSet, FieldSetBuilder } from './field-set.ts'
import { fieldElement, itemElement, type PathElement } from './path-element.ts'

type Entry = readonly [element: PathElement, schema: Schema, value: unknown]

/** What a value is made of: named parts, or nothing if it is owned as a whole (`leaf`). */
function entriesOf(schema: Schema, value: unknown): Entry[] | 'leaf' {
  if (Array.isArray(value)) {
    const type = schema['x-kubernetes-list-type']
    if (type !== 'map' && type !== 'set') return 'leaf'
    const items = itemSchema(schema)
    return value.map(item => [itemElement(schema, item), items, item] as const)
  }
  if (
    !isPlainObject(value) ||
    schema['x-kubernetes-map-type'] === 'atomic' ||
    schema['x-kubernetes-int-or-string']
  )
    return 'leaf'
  return Object.keys(value).map(
    key => [fieldElement(key), childSchema(schema, key) ?? {}, value[key]] as const,
  )
}

const isNamedField = (schema: Schema, element: PathElement): boolean =>
  element.startsWith('f:') &&
  schema.properties !== undefined &&
  Object.hasOwn(schema.properties, element.slice(2))

/** All fields that a configuration sets. */
export function fieldsOf(schema: Schema, value: unknown): FieldSet {
  const set = new FieldSetBuilder()
  collect(schema, value, set)
  return set
}

function collect(schema: Schema, value: unknown, set: FieldSetBuilder): void {
  const entries = entriesOf(schema, value)
  if (entries === 'leaf') {
    set.member = true
    return
  }
  for (const [element, inner, part] of entries) {
    const child = set.children.get(element) ?? new FieldSetBuilder()
    collect(inner, part, child)
    const isEmptyObject = isPlainObject(part) && Object.keys(part).length === 0
    if (part === null || isEmptyObject || !isNamedField(schema, element)) child.member = true
    if (child.member || child.children.size > 0) set.children.set(element, child)
  }
}

export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

/** What differs between two values, either of which may be missing (undefined). */
export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const found = {
    added: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
  }
  compareAt(schema, before, after, [], found)
  return found
}

function compareAt(
  schema: Schema,
  before: unknown,
  after: unknown,
  path: PathElement[],
  found: Record<keyof Comparison, FieldSetBuilder>,
): void {
  // What is stored is shared between versions: most of an object is the very same.
  if (before === after) return
  const insert = () => {
    if (before === undefined) found.added.insert(path)
    else if (after === undefined) found.removed.insert(path)
    else found.modified.insert(path)
  }
  const was = before === undefined || before === null ? [] : entriesOf(schema, before)
  const is = after === undefined || after === null ? [] : entriesOf(schema, after)
  if (was === 'leaf' || is === 'leaf' || (was.length === 0 && is.length === 0)) {
    if (!isDeepStrictEqual(before, after)) insert()
    return
  }
  const old = new Map(was.map(entry => [entry[0], entry]))
  for (const [element, inner, value] of is) {
    compareAt(inner, old.get(element)?.[2], value, [...path, element], found)
    old.delete(element)
  }
  for (const [element, inner, value] of old.values())
    compareAt(inner, value, undefined, [...path, element], found)
  if (before === undefined || after === undefined) insert()
}

/** The live object with a configuration laid over it: what the configuration sets wins, the rest stays. */
export function mergeTyped(schema: Schema, live: unknown, applied: unknown): unknown {
  if (live === undefined) return applied
  if (applied === undefined) return live
  const from = entriesOf(schema, live)
  const to = entriesOf(schema, applied)
  if (from === 'leaf' || to === 'leaf' || Array.isArray(live) !== Array.isArray(applied)) return applied
  return Array.isArray(live)
    ? mergeItems(from, to)
    : mergeFields(schema, live as PlainObject, applied as PlainObject)
}

function mergeFields(schema: Schema, live: PlainObject, applied: PlainObject): PlainObject {
  const merged = { ...live }
  for (const key of Object.keys(applied)) {
    const before = Object.hasOwn(live, key) ? live[key] : undefined
    setOwn(merged, key, mergeTyped(childSchema(schema, key) ?? {}, before, applied[key]))
  }
  return merged
}

/** Items that only the live list has keep their places; those of the configuration come in its order. */
function mergeItems(live: readonly Entry[], applied: readonly Entry[]): unknown[] {
  const liveBy = new Map(live.map(entry => [entry[0], entry]))
  const appliedBy = new Set(applied.map(entry => entry[0]))
  const merged: unknown[] = []
  let next = 0
  for (const [element, , value] of live) {
    if (!appliedBy.has(element)) merged.push(value)
    else if (applied[next]?.[0] === element) merged.push(mergeEntry(applied[next++] as Entry))
  }
  while (next < applied.length) merged.push(mergeEntry(applied[next++] as Entry))
  return merged

  function mergeEntry([element, schema, value]: Entry): unknown {
    return mergeTyped(schema, liveBy.get(element)?.[2], value)
  }
}

/** The value without the parts that are in the set; a container that becomes empty by that is gone (undefined). */
export function removeFields(schema: Schema, value: unknown, set: FieldSet): unknown {
  const entries = entriesOf(schema, value)
  if (entries === 'leaf' || set.children.size === 0) return value
  const kept: [PathElement, unknown][] = []
  for (const [element, inner, part] of entries) {
    const removed = set.children.get(element) ?? EMPTY
    if (removed.member) continue
    const rest = removed.children.size > 0 ? removeFields(inner, part, removed) : part
    if (rest !== undefined) kept.push([element, rest])
  }
  if (kept.length === 0 && entries.length > 0) return undefined
  if (Array.isArray(value)) return kept.map(([, part]) => part)
  const object: PlainObject = {}
  for (const [element, part] of kept) setOwn(object, element.slice(2), part)
  return object
}

/** The set with the named fields that lead to its paths in it as well: whoever owns `spec.x` owns `spec`. */
export function withNamedFields(schema: Schema, set: FieldSet): FieldSet {
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of set.children) {
    const inner = element.startsWith('f:')
      ? (childSchema(schema, element.slice(2)) ?? {})
      : itemSchema(schema)
    const deeper = withNamedFields(inner, child)
    const member = child.member || (child.children.size > 0 && isNamedField(schema, element))
    children.set(element, { member, children: deeper.children })
  }
  return { member: set.member, children }
}
