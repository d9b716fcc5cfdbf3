/** The resources of the groups authentication.k8s.io and authorization.k8s.io. */
import type { ResourceDefinition } from '../../registry/definition.ts'
import type { Authorizer } from '../authorizer.ts'
import type { ServiceAccountTokens } from '../tokens/service-account-tokens.ts'
import { accessReviewDefinitions } from './access-reviews.ts'
import { identityReviewDefinitions } from './identity-reviews.ts'
import { rulesReviewDefinition } from './rules-review.ts'

export const reviewDefinitions = (
  authorizer: Authorizer,
  tokens: ServiceAccountTokens,
): ResourceDefinition[] => [
  ...accessReviewDefinitions(authorizer),
  rulesReviewDefinition(authorizer),
  ...identityReviewDefinitions(tokens),
]
