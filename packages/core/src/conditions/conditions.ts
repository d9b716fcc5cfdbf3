import type { Condition } from '@isthmus/api'

export type WantedCondition = Omit<Condition, 'lastTransitionTime'>

/**
 * The conditions of a status with some of them set. lastTransitionTime moves only when a status does;
 * conditions of other types, someone else's, stay. The same array comes back when nothing changed.
 */
export function withConditions(
  existing: readonly Condition[] | undefined,
  wanted: readonly WantedCondition[],
  now: string,
): readonly Condition[] {
  const before = existing ?? []
  const next = before.map(condition => {
    const want = wanted.find(({ type }) => type === condition.type)
    return want === undefined || sameCondition(condition, want) ? condition : moved(condition, want, now)
  })
  for (const want of wanted) {
    if (!before.some(({ type }) => type === want.type)) next.push({ ...want, lastTransitionTime: now })
  }
  const unchanged =
    existing !== undefined && next.length === before.length && next.every((c, i) => c === before[i])
  return unchanged ? existing : next
}

function moved(condition: Condition, want: WantedCondition, now: string): Condition {
  const lastTransitionTime = condition.status === want.status ? condition.lastTransitionTime : now
  return { ...want, lastTransitionTime }
}

function sameCondition(a: WantedCondition, b: WantedCondition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  )
}
