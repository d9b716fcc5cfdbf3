/** What Kubernetes adds to CEL: functions on strings, lists and addresses. */
import {
  type CelFunc,
  type CelInput,
  type CelList,
  CelScalar,
  celFunc,
  celMethod,
  listType,
} from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { hasFormat } from './formats.ts'

const { BOOL, DYN, INT, STRING } = CelScalar
const LIST = listType(DYN)

type Comparable = string | bigint | number | boolean

const items = (list: CelList): Comparable[] => [...list] as Comparable[]

function extreme(list: CelList, name: string, better: (a: Comparable, b: Comparable) => boolean): CelInput {
  const values = items(list)
  if (values.length === 0) throw new Error(`${name} called on empty list`)
  return values.reduce((best, value) => (better(value, best) ? value : best))
}

const listFunctions: readonly CelFunc[] = [
  celMethod('isSorted', LIST, [], BOOL, function () {
    const values = items(this)
    return values.every((value, i) => i === 0 || (values[i - 1] as Comparable) <= value)
  }),
  celMethod('sum', LIST, [], DYN, function () {
    const values = items(this) as (bigint | number)[]
    return values.length === 0
      ? 0n
      : values.reduce((total, value) => ((total as bigint) + (value as bigint)) as bigint)
  }),
  celMethod('min', LIST, [], DYN, function () {
    return extreme(this, 'min', (a, b) => a < b)
  }),
  celMethod('max', LIST, [], DYN, function () {
    return extreme(this, 'max', (a, b) => a > b)
  }),
  celMethod('indexOf', LIST, [DYN], INT, function (value) {
    return BigInt(items(this).indexOf(value as Comparable))
  }),
  celMethod('lastIndexOf', LIST, [DYN], INT, function (value) {
    return BigInt(items(this).lastIndexOf(value as Comparable))
  }),
]

const addressFunctions: readonly CelFunc[] = [
  celFunc('isIP', [STRING], BOOL, text => hasFormat('ipv4', text) || hasFormat('ipv6', text)),
  celFunc('isCIDR', [STRING], BOOL, text => hasFormat('cidr', text)),
  celFunc('isURL', [STRING], BOOL, text => hasFormat('uri', text)),
]

/** `oldSelf` of a rule with `optionalOldSelf`: a list of one, or of none. */
const optionalFunctions: readonly CelFunc[] = [
  celMethod('hasValue', LIST, [], BOOL, function () {
    return this.size > 0
  }),
  celMethod('value', LIST, [], DYN, function () {
    if (this.size === 0) throw new Error('optional.none() dereference')
    return this.get(0) as CelInput
  }),
  celMethod('orValue', LIST, [DYN], DYN, function (other) {
    return (this.size > 0 ? this.get(0) : other) as CelInput
  }),
]

export const KUBERNETES_FUNCTIONS: CelFunc[] = [
  ...strings,
  ...listFunctions,
  ...addressFunctions,
  ...optionalFunctions,
]
