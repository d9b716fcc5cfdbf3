import type { Service } from '@isthmus/api'
import type { ImportedPlan } from '@isthmus/core'
import { ApiError } from '@isthmus/kube'

/** A value that this API server does not know is tried again after so long: it may have been upgraded. */
export const RETRY_VALUE_MS = 60 * 60_000

/**
 * The values of trafficDistribution that this API server does not know: older ones refuse newer values, and
 * the oldest drop the field. Traffic is spread evenly without it, which is better than not at all.
 */
export class TrafficDistributions {
  readonly #clock: () => number
  readonly #refusedAt = new Map<string, number>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** The value of the plan that has to be left out here. */
  leftOut({ spec }: ImportedPlan): string | undefined {
    const value = spec.trafficDistribution
    const refusedAt = value === undefined ? undefined : this.#refusedAt.get(value)
    return refusedAt !== undefined && this.#clock() - refusedAt < RETRY_VALUE_MS ? value : undefined
  }

  /** The plan for Service and slices: hints are not known either where the value is not. */
  servable(plan: ImportedPlan): ImportedPlan {
    if (this.leftOut(plan) === undefined) return plan
    const { trafficDistribution: _, ...spec } = plan.spec
    return { ...plan, spec }
  }

  /** Whether it is the value alone that the server objects to. */
  isRefusal(error: unknown): boolean {
    const causes =
      error instanceof ApiError && error.code === 422 ? (error.status?.details?.causes ?? []) : []
    return causes.length > 0 && causes.every(({ field }) => field === 'spec.trafficDistribution')
  }

  refuse({ spec }: ImportedPlan): void {
    if (spec.trafficDistribution !== undefined) this.#refusedAt.set(spec.trafficDistribution, this.#clock())
  }

  /** Looks at what the server made of a Service that was written by this plan. */
  observe(plan: ImportedPlan, stored: Service | undefined): void {
    const { trafficDistribution: value } = plan.spec
    if (value === undefined || stored === undefined) return
    if (stored.spec?.trafficDistribution === value) this.#refusedAt.delete(value)
    else this.refuse(plan)
  }
}
