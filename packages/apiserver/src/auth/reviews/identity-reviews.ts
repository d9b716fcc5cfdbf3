/** Who am I, whose token is this: SelfSubjectReview and TokenReview. */
import type { ResourceDefinition, UserInfo } from '../../registry/definition.ts'
import { badRequest } from '../../status/failures.ts'
import { InvalidToken, type ServiceAccountTokens } from '../tokens/service-account-tokens.ts'
import { reviewDefinition } from './review.ts'

const GROUP = 'authentication.k8s.io'

export function identityReviewDefinitions(tokens: ServiceAccountTokens): ResourceDefinition[] {
  return [
    reviewDefinition({
      group: GROUP,
      kind: 'SelfSubjectReview',
      plural: 'selfsubjectreviews',
      answer: (_, { user, now }) => ({
        metadata: { creationTimestamp: `${now.toISOString().slice(0, 19)}Z` },
        status: { userInfo: shown(user) },
      }),
    }),
    reviewDefinition({
      group: GROUP,
      kind: 'TokenReview',
      plural: 'tokenreviews',
      answer: ({ spec }) => {
        const { token = '', audiences } = spec as { token?: string; audiences?: readonly string[] }
        if (token === '') throw badRequest('token is required for TokenReview in authentication')
        return { metadata: {}, spec, status: reviewToken(tokens, token, audiences) }
      },
    }),
  ]
}

function reviewToken(tokens: ServiceAccountTokens, token: string, audiences: readonly string[] = []): object {
  try {
    const verified = tokens.verify(token, audiences.length === 0 ? undefined : audiences)
    return { authenticated: true, user: shown(verified.user), audiences: verified.audiences }
  } catch (error) {
    if (error instanceof InvalidToken) return { user: {}, error: error.message }
    throw error
  }
}

/** Fields without content are left out, as everywhere in Kubernetes. */
const shown = ({ username, uid, groups, extra }: UserInfo): object => ({
  username,
  ...(uid && { uid }),
  ...(groups.length > 0 && { groups }),
  ...(extra && Object.keys(extra).length > 0 && { extra }),
})
