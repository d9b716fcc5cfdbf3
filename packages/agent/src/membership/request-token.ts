import type { Status } from '@isthmus/api'
import { isTime, isToken } from '@isthmus/core'
import { ApiError, type ClusterClient } from '@isthmus/kube'

export interface IssuedToken {
  readonly token: string
  /** RFC 3339; servers may give less than was asked for (managed ones cap it at 24 h). */
  readonly expiresAt: string
}

/** Asked of every server. */
export const TOKEN_SECONDS = 24 * 3600

/**
 * Asks an API server for a token of a ServiceAccount (TokenRequest).
 * @throws ApiError, ConnectionError.
 */
export async function requestToken(
  client: Pick<ClusterClient, 'raw' | 'server'>,
  namespace: string,
  account: string,
  signal?: AbortSignal,
): Promise<IssuedToken> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`
  const answer = await client.raw(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    }),
    signal,
  })
  const body = parsed(answer.body)
  const { token, expirationTimestamp } = (body as Partial<TokenRequest> | undefined)?.status ?? {}
  // One that cannot be used would take the place of the one with which another could be asked for.
  if (answer.status === 201 && isToken(token) && isTime(expirationTimestamp))
    return { token, expiresAt: expirationTimestamp }
  const resource = 'serviceaccounts/token'
  // A body that is no Status may hold a token that was given after all: it is not repeated.
  const status = answer.status < 300 ? undefined : (body as Status | undefined)
  throw new ApiError(answer.status, status?.message ?? `no token for ${namespace}/${account}`, {
    status,
    request: { verb: 'create', resource, namespace, name: account, server: client.server },
  })
}

interface TokenRequest {
  status: { token?: unknown; expirationTimestamp?: unknown }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
