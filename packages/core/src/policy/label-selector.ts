import type { LabelSelector, LabelSelectorRequirement } from '@isthmus/api'

type Labels = Readonly<Record<string, string>>

/** As apimachinery's: a label that is not there satisfies NotIn. */
const OPERATORS: Readonly<
  Record<
    LabelSelectorRequirement['operator'],
    (value: string | undefined, values: readonly string[]) => boolean
  >
> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: value => value !== undefined,
  DoesNotExist: value => value === undefined,
}

/** Whether labels satisfy a `metav1.LabelSelector`: every label and every expression of it. */
export function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  const labelOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(key) === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => OPERATORS[operator](labelOf(key), values))
  )
}
