/** Sets of field paths, as managedFields keep them: a tree whose nodes say whether they are in the set themselves. */
import { isPlainObject } from '../schema/plain-object.ts'
import { isElement, type PathElement } from './path-element.ts'

export interface FieldSet {
  readonly member: boolean
  readonly children: ReadonlyMap<PathElement, FieldSet>
}

export const EMPTY: FieldSet = { member: false, children: new Map() }

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0

/** A set of its own, to insert into. */
export class FieldSetBuilder implements FieldSet {
  member = false
  readonly children = new Map<PathElement, FieldSetBuilder>()

  insert(path: readonly PathElement[]): void {
    let at: FieldSetBuilder = this
    for (const element of path) {
      let child = at.children.get(element)
      if (!child) {
        child = new FieldSetBuilder()
        at.children.set(element, child)
      }
      at = child
    }
    at.member = true
  }
}

/** Combines two sets node by node; subtrees of one alone are kept or dropped as `keep` says. */
function combine(a: FieldSet, b: FieldSet, keep: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of a.children) {
    const other = b.children.get(element)
    const combined = other ? combine(child, other, keep) : keep(true, false) ? child : EMPTY
    if (!isEmpty(combined)) children.set(element, combined)
  }
  if (keep(false, true))
    for (const [element, child] of b.children) if (!a.children.has(element)) children.set(element, child)
  const member = (a.member || b.member) && keep(a.member, b.member)
  return !member && children.size === 0 ? EMPTY : { member, children }
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA || inB)

export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && inB)

export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && !inB)

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a.member !== b.member || a.children.size !== b.children.size) return false
  for (const [element, child] of a.children) {
    const other = b.children.get(element)
    if (!other || !equalSets(child, other)) return false
  }
  return true
}

/** All paths in the set, in the order of the tree. */
export function paths(set: FieldSet, prefix: readonly PathElement[] = []): PathElement[][] {
  const own = set.member ? [[...prefix]] : []
  return own.concat([...set.children].flatMap(([element, child]) => paths(child, [...prefix, element])))
}

/** Only what lies under these top-level fields. */
export function onlyUnder(set: FieldSet, elements: readonly PathElement[]): FieldSet {
  const children = new Map([...set.children].filter(([element]) => elements.includes(element)))
  return { member: false, children }
}

/** Without these top-level fields. */
export function without(set: FieldSet, elements: readonly PathElement[]): FieldSet {
  const children = new Map([...set.children].filter(([element]) => !elements.includes(element)))
  return { member: set.member, children }
}

/** FieldsV1: a member without children is `{}`, one with children says so by a `.`. */
export function toFieldsV1(set: FieldSet): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const element of [...set.children.keys()].sort()) {
    const child = set.children.get(element) ?? EMPTY
    const inner = toFieldsV1(child)
    fields[element] = child.member && child.children.size > 0 ? { '.': {}, ...inner } : inner
  }
  return fields
}

/** What is no path element is passed over: clients may write managedFields. */
export function fromFieldsV1(fields: unknown): FieldSet {
  if (!isPlainObject(fields)) return EMPTY
  const children = new Map<PathElement, FieldSet>()
  for (const [element, inner] of Object.entries(fields)) {
    if (!isElement(element)) continue
    const child = fromFieldsV1(inner)
    const isLeaf = child.children.size === 0
    children.set(element, {
      member: isLeaf || (isPlainObject(inner) && '.' in inner),
      children: child.children,
    })
  }
  return { member: '.' in fields, children }
}
