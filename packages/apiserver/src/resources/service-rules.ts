import type { ResourceRules } from '../registry/definition.ts'
import type { ServiceAllocation } from './service-allocation.ts'
import { fillService } from './service-defaults.ts'
import { chooseFamilies } from './service-families.ts'
import type { Service } from './service-spec.ts'
import { serviceStatusErrors } from './service-status.ts'
import { prepareService } from './service-update.ts'
import { serviceErrors } from './service-validation.ts'
import { serviceWarnings } from './service-warnings.ts'

const NOTHING_TAKEN = { errors: [], undo: () => {} }

/** A write to the status takes part in nothing but its own validation: the rest of the object is as it was. */
export function serviceRules(allocation: ServiceAllocation): ResourceRules {
  return {
    fill: object => fillService(object as Service),

    prepare(object, old, { subresource }) {
      if (subresource !== 'status') prepareService(object as Service, old as Service | undefined)
    },

    // kube-apiserver allocates before it validates: what cannot be had is then the only complaint.
    validate(object, old, { subresource, storage }) {
      const service = object as Service
      const before = old as Service | undefined
      if (subresource === 'status') return serviceStatusErrors(service, before)
      const malformed = chooseFamilies(service, before, allocation.families)
      if (malformed.length > 0) return malformed
      const refusals = allocation.refusals(service, before, storage)
      return refusals.length > 0 ? refusals : serviceErrors(service, before)
    },

    reserve(object, old, { subresource, storage, warn }) {
      if (subresource === 'status') return NOTHING_TAKEN
      const service = object as Service
      const undo = allocation.reserve(service, old as Service | undefined, storage)
      for (const text of serviceWarnings(service)) warn(text)
      return { errors: [], undo }
    },

    release: object => allocation.release(object as Service),
  }
}
