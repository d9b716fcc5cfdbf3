import type { ServiceImport } from '@isthmus/api'
import { type WantedCondition, withConditions } from '../conditions/conditions.ts'

/** A ServiceImport whose status has the condition too; the same object where it has it already. */
export function withCondition(
  serviceImport: ServiceImport,
  condition: WantedCondition | undefined,
  now: string,
): ServiceImport {
  if (condition === undefined) return serviceImport
  const { status, metadata } = serviceImport
  const { generation } = metadata
  const wanted = generation === undefined ? condition : { ...condition, observedGeneration: generation }
  const conditions = withConditions(status?.conditions, [wanted], now)
  return conditions === status?.conditions
    ? serviceImport
    : { ...serviceImport, status: { ...status, conditions: [...conditions] } }
}
