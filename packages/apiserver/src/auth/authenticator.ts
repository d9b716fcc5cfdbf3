/** Who a request is from: a client certificate, a bearer token, or nobody. */
import type { IncomingHttpHeaders } from 'node:http'
import type { UserInfo } from '../registry/definition.ts'
import { failure } from '../status/status.ts'
import { type ConnectedRequest, certificateIdentity } from './client-certificate.ts'
import {
  InvalidToken,
  type ServiceAccountTokens,
  type VerifiedToken,
} from './tokens/service-account-tokens.ts'
import { ANONYMOUS, GROUPS } from './users.ts'

/** A request of HTTP/1.1 or HTTP/2. */
export interface Credentials extends ConnectedRequest {
  readonly headers: IncomingHttpHeaders
}

export const unauthorized = () => failure(401, 'Unauthorized', 'Unauthorized')

/**
 * The user of a request. A credential that is good decides; one that is not is an error (401) if there
 * is no good one; without any it is `anonymous`.
 */
export function authenticate(
  request: Credentials,
  tokens: ServiceAccountTokens,
  anonymous: UserInfo = ANONYMOUS,
): UserInfo {
  const certificate = certificateIdentity(request)
  if (typeof certificate === 'object') return authenticated(certificate)
  const token = bearerToken(request.headers.authorization)
  if (token !== undefined) return verify(token, tokens).user
  if (certificate === 'untrusted') throw unauthorized()
  return anonymous
}

function verify(token: string, tokens: ServiceAccountTokens): VerifiedToken {
  try {
    return tokens.verify(token)
  } catch (error) {
    if (error instanceof InvalidToken) throw unauthorized()
    throw error
  }
}

/** Other schemes are as good as nothing: kube-apiserver passes them over. */
function bearerToken(authorization = ''): string | undefined {
  const [scheme = '', token = ''] = authorization.trim().split(' ')
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}

const authenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(GROUPS.authenticated)
    ? user
    : { ...user, groups: [...user.groups, GROUPS.authenticated] }
