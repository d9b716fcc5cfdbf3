import type { StoredObject } from '../registry/definition.ts'
import { invalid } from '../registry/field-error.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'

interface Lease extends StoredObject {
  spec: { holderIdentity?: string; leaseDurationSeconds?: number; leaseTransitions?: number }
}

export const leases = builtIn({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  createOnUpdate: true,
  unconditionalUpdate: false,
  emptyObject: { spec: {} },
  columns: [
    NAME_COLUMN,
    column('Holder', 'The identity of the holder of the lease.', o => (o as Lease).spec.holderIdentity ?? ''),
    AGE_COLUMN,
  ],
  rules: {
    fill(object) {
      object.spec ??= {}
    },
    prepare(object) {
      // Of coordinated leader election, which is off: such fields are dropped without a word.
      const spec = object.spec as Record<string, unknown>
      delete spec.strategy
      delete spec.preferredHolder
    },
    validate(object) {
      const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = (object as Lease).spec
      return [
        ...(seconds !== undefined && seconds <= 0
          ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
          : []),
        ...(transitions !== undefined && transitions < 0
          ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
          : []),
      ]
    },
  },
})
