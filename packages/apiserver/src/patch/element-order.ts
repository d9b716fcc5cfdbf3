import { isPlainObject } from '../schema/plain-object.ts'

/** What tells elements apart: the value of the merge key, or the element itself in a list of scalars. */
const identity = (item: unknown, mergeKey: string | undefined): unknown =>
  mergeKey !== undefined && isPlainObject(item) ? item[mergeKey] : item

function ranks(items: readonly unknown[], mergeKey: string | undefined): Map<unknown, number> {
  const ranks = new Map<unknown, number>()
  for (const [index, item] of items.entries()) {
    const id = identity(item, mergeKey)
    if (!ranks.has(id)) ranks.set(id, index)
  }
  return ranks
}

/**
 * The elements of a merged list, ordered: those the patch names in the patch's order, the others in the order they
 * had; the two rows are merged so that an element of the others comes first where it did so before.
 */
export function inMergedOrder(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  originalOrder: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const inPatch = ranks(patchOrder, mergeKey)
  const before = ranks(originalOrder, mergeKey)
  const by = (order: Map<unknown, number>) => (a: unknown, b: unknown) =>
    (order.get(identity(a, mergeKey)) ?? order.size) - (order.get(identity(b, mergeKey)) ?? order.size)
  const named = merged.filter(item => inPatch.has(identity(item, mergeKey))).sort(by(inPatch))
  const others = merged.filter(item => !inPatch.has(identity(item, mergeKey))).sort(by(before))
  const result: unknown[] = []
  let next = 0
  for (const item of named) {
    const rank = before.get(identity(item, mergeKey))
    while (next < others.length && rank !== undefined) {
      const other = before.get(identity(others[next], mergeKey))
      if (other === undefined || other > rank) break
      result.push(others[next++])
    }
    result.push(item)
  }
  return result.concat(others.slice(next))
}

/** Whether all items are named by the order, one after the other. */
export function sameOrder(
  items: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): boolean {
  const rank = ranks(order, mergeKey)
  let last = -1
  return items.every(item => {
    const at = rank.get(identity(item, mergeKey))
    if (at === undefined || at < last) return false
    last = at
    return true
  })
}
