/** What a Deployment's strategy has to be. */
import { type FieldError, forbidden, invalid, notSupported } from '../registry/field-error.ts'

type IntOrPercent = string | number

export interface Strategy {
  type?: string
  rollingUpdate?: { maxUnavailable?: IntOrPercent; maxSurge?: IntOrPercent }
}

const TYPES = ['Recreate', 'RollingUpdate']
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

export function strategyErrors({ type = '', rollingUpdate }: Strategy): FieldError[] {
  const at = 'spec.strategy.rollingUpdate'
  if (!TYPES.includes(type)) return [notSupported('spec.strategy', { type }, TYPES)]
  if (type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'"
    return rollingUpdate ? [forbidden(at, detail)] : []
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {}
  const errors = [
    ...amountErrors(maxUnavailable, `${at}.maxUnavailable`),
    ...amountErrors(maxSurge, `${at}.maxSurge`),
  ]
  if (Number.parseInt(`${maxUnavailable}`, 10) === 0 && Number.parseInt(`${maxSurge}`, 10) === 0) {
    errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  }
  if (typeof maxUnavailable === 'string' && Number.parseInt(maxUnavailable, 10) > 100) {
    errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'))
  }
  return errors
}

function amountErrors(amount: IntOrPercent, field: string): FieldError[] {
  if (typeof amount === 'string') return /^[0-9]+%$/.test(amount) ? [] : [invalid(field, amount, PERCENT)]
  return amount < 0 ? [invalid(field, amount, 'must be greater than or equal to 0')] : []
}

/** A rollout that never counts as stuck, or at once, is a mistake. */
export function deadlineErrors(deadline: number | undefined, minReadySeconds: number): FieldError[] {
  if (deadline === undefined || deadline > minReadySeconds) return []
  return [invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
}
