/** Everything that I may do in a namespace: SelfSubjectRulesReview, for `kubectl auth can-i --list`. */
import type { ResourceDefinition } from '../../registry/definition.ts'
import { badRequest } from '../../status/failures.ts'
import type { Authorizer } from '../authorizer.ts'
import { reviewDefinition } from './review.ts'

export const rulesReviewDefinition = (authorizer: Authorizer): ResourceDefinition =>
  reviewDefinition({
    group: 'authorization.k8s.io',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    answer: ({ spec }, { user }) => {
      const { namespace = '' } = spec as { namespace?: string }
      if (namespace === '') throw badRequest('no namespace on request')
      const { rules, error } = authorizer.rulesFor(user, namespace)
      return {
        metadata: {},
        spec: {},
        status: {
          resourceRules: rules
            .filter(rule => rule.resources?.length)
            .map(({ verbs, apiGroups, resources, resourceNames }) => ({
              verbs,
              apiGroups,
              resources,
              ...(resourceNames?.length ? { resourceNames } : {}),
            })),
          nonResourceRules: rules
            .filter(rule => rule.nonResourceURLs?.length)
            .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
          incomplete: false,
          ...(error === '' ? {} : { evaluationError: error }),
        },
      }
    },
  })
