/** What all reviews have in common: nothing is stored, a create is answered with a status. */
import type { ResourceDefinition, StoredObject, WriteContext } from '../../registry/definition.ts'
import type { FieldError } from '../../registry/field-error.ts'
import { builtinSchema } from '../../schema/builtin/builtin-schema.ts'
import { invalid } from '../../status/failures.ts'
import { StatusError } from '../../status/status.ts'

export interface Review {
  readonly group: 'authentication.k8s.io' | 'authorization.k8s.io'
  readonly kind: string
  readonly plural: string
  readonly namespaced?: boolean
  readonly answer: (review: ReviewObject, context: WriteContext) => object
}

/** A review as it was sent: metadata need not be there. */
export interface ReviewObject {
  readonly metadata: { readonly namespace?: string; readonly [field: string]: unknown }
  readonly spec: Readonly<Record<string, unknown>>
}

/** The definition of a review; `answer` makes all but kind and apiVersion of what is sent back. */
export function reviewDefinition({
  group,
  kind,
  plural,
  namespaced = false,
  answer,
}: Review): ResourceDefinition {
  return {
    group,
    version: 'v1',
    kind,
    plural,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: [],
    categories: [],
    namespaced,
    schema: builtinSchema(group, 'v1', kind),
    verbs: ['create'],
    hasGeneration: false,
    status: false,
    selectableFields: {},
    columns: [],
    rules: {},
    answer: (object, context) => {
      const { metadata = {}, spec = {} } = object as Partial<StoredObject>
      const answered = answer({ metadata, spec } as ReviewObject, context)
      // Not a stored object: it has neither name nor resourceVersion.
      return { kind, apiVersion: `${group}/v1`, ...answered } as unknown as StoredObject
    },
  }
}

/** 422 as for reviews: kube-apiserver leaves out which kind it was. */
export function invalidReview(group: string, errors: readonly FieldError[]): StatusError {
  const { status } = invalid(group, '', '', errors)
  const { kind: _, ...details } = status.details ?? {}
  return new StatusError({ ...status, details })
}
