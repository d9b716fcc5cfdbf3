/**
 * Strategic merge patch: as a merge patch, but lists whose type says so are merged by key, and
 * directives say what else to do. Follows k8s.io/apimachinery/pkg/util/strategicpatch in behaviour and texts.
 */
import { childSchema, itemSchema } from '../schema/children.ts'
import { isPlainObject, type PlainObject, setOwn } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'
import { inMergedOrder, sameOrder } from './element-order.ts'
import { badPatch, goJsonType, goPrint, patchFailed } from './patch-error.ts'

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const SET_ORDER = '$setElementOrder/'
const DELETE_FROM = '$deleteFromPrimitiveList/'

/** The object with the patch merged into it. Neither is changed. */
export function strategicMerge<T extends object>(schema: Schema, object: T, patch: unknown): T {
  if (!isPlainObject(patch))
    throw badPatch(
      `error decoding patch: json: cannot unmarshal ${goJsonType(patch)} into Go value of type map[string]interface {}`,
    )
  return mergeObject(schema, object as PlainObject, patch) as T
}

function mergeObject(schema: Schema, original: PlainObject, patch: PlainObject): PlainObject {
  const directive = patch[DIRECTIVE]
  if (directive === 'delete') return {}
  if (directive === 'replace') return withoutDirectives(patch) as PlainObject
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive, patch)
  const result = retain(original, patch)
  const done = setOrders(schema, result, patch)
  for (const key of Object.keys(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || done.has(key)) continue
    if (key.startsWith(DELETE_FROM)) removePrimitives(result, key.slice(DELETE_FROM.length), patch[key])
    else mergeField(schema, result, key, patch[key])
  }
  return result
}

function mergeField(schema: Schema, result: PlainObject, key: string, value: unknown): void {
  const before = Object.hasOwn(result, key) ? result[key] : undefined
  if (value === null) delete result[key]
  else setOwn(result, key, mergeValue(childSchema(schema, key), before, value))
}

function mergeValue(schema: Schema | undefined, before: unknown, value: unknown): unknown {
  const strategy = schema?.['x-kubernetes-patch-strategy']?.split(',') ?? []
  if (isPlainObject(before) && isPlainObject(value))
    return strategy.includes('replace') ? withoutDirectives(value) : mergeObject(schema ?? {}, before, value)
  if (Array.isArray(before) && Array.isArray(value) && strategy.includes('merge'))
    return mergeList(schema ?? {}, before, value)
  return withoutDirectives(value)
}

function mergeList(schema: Schema, original: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const mergeKey = schema['x-kubernetes-patch-merge-key']
  if (mergeKey === undefined) {
    const both = [...new Set([...original, ...patch])]
    return inMergedOrder(both, patch, original, undefined)
  }
  const special = applyListDirectives(original, patch, mergeKey)
  if (special.replaced) return special.items.map(withoutDirectives)
  const merged = [...special.original]
  for (const item of special.items) {
    const key = keyOf(item, mergeKey)
    const index = merged.findIndex(known => isPlainObject(known) && known[mergeKey] === key)
    if (index < 0) merged.push(withoutDirectives(item))
    else merged[index] = mergeObject(itemSchema(schema), merged[index] as PlainObject, item)
  }
  return inMergedOrder(merged, special.items, special.original, mergeKey)
}

/** `$patch: delete` removes its element, `$patch: replace` makes the rest of the patch the whole list. */
function applyListDirectives(original: readonly unknown[], patch: readonly unknown[], mergeKey: string) {
  let kept = original
  let replaced = false
  const items: PlainObject[] = []
  for (const item of patch) {
    if (!isPlainObject(item))
      throw patchFailed(`invalid type for list element: expected a map, got ${goPrint(item)}`)
    const directive = item[DIRECTIVE]
    if (directive === undefined) items.push(item)
    else if (directive === 'replace') replaced = true
    else if (directive === 'delete') {
      if (!(mergeKey in item)) throw patchFailed('delete patch type with no merge key defined')
      kept = kept.filter(known => !isPlainObject(known) || known[mergeKey] !== item[mergeKey])
    } else if (directive === 'merge') throw patchFailed('merging lists cannot yet be specified in the patch')
    else throw unknownDirective(directive, item)
  }
  return { original: kept, items, replaced }
}

function keyOf(item: PlainObject, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey))
    throw patchFailed(`map: ${goPrint(item)} does not contain declared merge key: ${mergeKey}`)
  return item[mergeKey]
}

/** `$retainKeys`: of the original, only these keys stay. */
function retain(original: PlainObject, patch: PlainObject): PlainObject {
  const keys = patch[RETAIN_KEYS]
  if (keys === undefined) return { ...original }
  const named = (key: string) => Array.isArray(keys) && keys.includes(key)
  const own = Object.keys(patch).filter(key => !key.startsWith('$'))
  if (!Array.isArray(keys) || !own.every(named)) throw badPatch('invalid patch format of retainKeys')
  return Object.fromEntries(Object.entries(original).filter(([key]) => named(key)))
}

/** `$setElementOrder/list`: merges that list and puts its elements into this order. Answers the lists it did. */
function setOrders(schema: Schema, result: PlainObject, patch: PlainObject): Set<string> {
  const done = new Set<string>()
  for (const directive of Object.keys(patch).filter(key => key.startsWith(SET_ORDER))) {
    const key = directive.slice(SET_ORDER.length)
    const order = patch[directive]
    if (!Array.isArray(order)) throw badPatch('invalid patch format of setElementOrder list')
    const field = childSchema(schema, key) ?? {}
    const mergeKey = field['x-kubernetes-patch-merge-key']
    const original = Object.hasOwn(result, key) ? result[key] : undefined
    const listed = patch[key]
    if (Array.isArray(listed)) {
      const present = listed.filter(item => !isPlainObject(item) || item[DIRECTIVE] === undefined)
      if (!sameOrder(present, order, mergeKey))
        throw patchFailed(
          `The order in patch list:\n${goPrint(listed)}\n doesn't match $setElementOrder list:\n${goPrint(order)}\n`,
        )
    } else if (!Array.isArray(original)) continue
    const deletions = patch[DELETE_FROM + key]
    if (deletions !== undefined) removePrimitives(result, key, deletions)
    if (listed !== undefined) mergeField(schema, result, key, listed)
    const merged = result[key]
    if (Array.isArray(merged))
      setOwn(result, key, inMergedOrder(merged, order, Array.isArray(original) ? original : [], mergeKey))
    done.add(key).add(DELETE_FROM + key)
  }
  return done
}

function removePrimitives(result: PlainObject, key: string, values: unknown): void {
  if (!Array.isArray(values)) throw badPatch('invalid patch format of primitive list')
  const list = Object.hasOwn(result, key) ? result[key] : undefined
  if (Array.isArray(list)) result[key] = list.filter(item => !values.includes(item))
}

/** What is taken over from a patch as it is: without its directives and nulls. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value.filter(item => !isPlainObject(item) || item[DIRECTIVE] === undefined).map(withoutDirectives)
  if (!isPlainObject(value)) return value
  const kept: PlainObject = {}
  for (const key of Object.keys(value)) {
    const isDirective =
      key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || key.startsWith(DELETE_FROM)
    if (!isDirective && value[key] !== null) setOwn(kept, key, withoutDirectives(value[key]))
  }
  return kept
}

const unknownDirective = (directive: unknown, item: PlainObject) =>
  patchFailed(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(item)}`)
