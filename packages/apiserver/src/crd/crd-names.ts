/** Names are taken by the first definition of a group that asks for them. */
import type { CrdNames, CustomResourceDefinition } from './crd.ts'

export interface NamesVerdict {
  readonly acceptedNames: CrdNames
  /** Of the condition NamesAccepted if it is False: the last name that is taken decides. */
  readonly conflict: { readonly reason: string; readonly message: string } | undefined
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`

/** Which of its names a definition gets, given the other definitions. What it had it keeps where it may not have the new one. */
export function acceptNames(
  crd: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): NamesVerdict {
  const { names, group } = crd.spec
  const accepted = others
    .filter(other => other.spec.group === group && other.metadata.name !== crd.metadata.name)
    .map(other => other.status?.acceptedNames)
  const resources = new Set(
    accepted.flatMap(each => [each?.plural, each?.singular, ...(each?.shortNames ?? [])]),
  )
  const kinds = new Set(accepted.flatMap(each => [each?.kind, each?.listKind]))
  const before = crd.status?.acceptedNames ?? { plural: '', kind: '' }
  const conflicts: { reason: string; message: string }[] = []
  const choose = <T extends string | undefined>(
    wanted: T,
    had: T,
    taken: ReadonlySet<string | undefined>,
    reason: string,
  ): T => {
    if (!wanted || !taken.has(wanted)) return wanted
    conflicts.push({ reason, message: inUse(wanted) })
    return had
  }
  const plural = choose(names.plural, before.plural, resources, 'PluralConflict')
  const singular = choose(names.singular, before.singular, resources, 'SingularConflict')
  const shortTaken = (names.shortNames ?? []).filter(name => resources.has(name))
  if (shortTaken.length > 0)
    conflicts.push({ reason: 'ShortNamesConflict', message: shortTaken.map(inUse).join(', ') })
  const shortNames = shortTaken.length > 0 ? before.shortNames : names.shortNames
  const kind = choose(names.kind, before.kind, kinds, 'KindConflict')
  const listKind = choose(names.listKind, before.listKind, kinds, 'ListKindConflict')
  const acceptedNames: CrdNames = {
    plural,
    ...(singular ? { singular } : {}),
    ...(shortNames?.length ? { shortNames } : {}),
    kind,
    ...(listKind ? { listKind } : {}),
    ...(names.categories?.length ? { categories: names.categories } : {}),
  }
  return { acceptedNames, conflict: conflicts.at(-1) }
}
