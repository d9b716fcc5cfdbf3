/** How a reader gets its next credential: the first one from the registry, all others over the link. */
import {
  type Credential,
  firstCredentialName,
  type PinnedPeer,
  SECRETS,
  type Secret,
  secretValue,
} from '@isthmus/api'
import { checkCredential, isExpired, isSameAccess } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { whyUnreadable } from '../../links/link-reason.ts'
import { ChangingConnection } from './changing-connection.ts'

/**
 * What the publisher laid into the registry. Its token is used at the address that is pinned, whatever address
 * it names: a registry cannot redirect a link.
 * @returns the pin with it; undefined where there is nothing new.
 */
export async function fetchCredential(
  registry: { readonly client: Pick<ClusterClient, 'get'>; readonly namespace: string },
  pin: PinnedPeer,
  ownId: string,
  now: number,
  signal: AbortSignal,
): Promise<PinnedPeer | undefined> {
  const name = firstCredentialName(pin.clusterId, ownId)
  const secret = await registry.client.get<Secret>(SECRETS, name, registry.namespace, { signal })
  const credential = credentialFor(pin, ownId, secret)
  if (credential === undefined || credential.token === pin.credential?.token || isExpired(credential, now))
    return undefined
  return {
    ...pin,
    credential: { ...withoutAccess(credential), ...pin.access },
    pickedUp: credential.issuedAt,
  }
}

/**
 * What the publisher keeps for us in its exchange. Over the link it is the publisher itself who says it: also
 * that it is reached elsewhere now, which is taken up once it has been seen to work.
 * @returns the pin with it, or why it cannot be used; undefined where there is nothing new.
 */
export async function readCredential(
  link: Pick<ClusterClient, 'get'>,
  pin: PinnedPeer,
  ownId: string,
  signal: AbortSignal,
): Promise<PinnedPeer | { readonly objection: string } | undefined> {
  const { credential: before, exchangeNamespace } = pin
  if (before === undefined) return undefined
  const secret = await link.get<Secret>(SECRETS, before.account, exchangeNamespace, { signal })
  const credential = credentialFor(pin, ownId, secret)
  if (credential === undefined) return { objection: 'the credential that it keeps for us is not well-formed' }
  const { server, certificateAuthority, tlsServerName } = credential
  const access = {
    server,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  }
  if (isSameAccess(access, pin.access)) {
    return isNewer(credential, before) ? { ...pin, credential } : undefined
  }
  const elsewhere = new ChangingConnection(`cluster ${pin.clusterId}`, access, credential.token)
  try {
    await elsewhere.client.get<Secret>(SECRETS, credential.account, exchangeNamespace, { signal })
    return { ...pin, access, credential }
  } catch (error) {
    signal.throwIfAborted()
    return { objection: `it says that it moved to ${server}, but there: ${whyUnreadable(error as Error)}` }
  } finally {
    await elsewhere.close()
  }
}

/** What a store that was restored keeps is older in both; a server that begins to give shorter lives is not. */
function isNewer(credential: Credential, before: Credential): boolean {
  const isLater = (field: 'issuedAt' | 'expiresAt') =>
    Date.parse(credential[field]) > Date.parse(before[field])
  return credential.token !== before.token && (isLater('issuedAt') || isLater('expiresAt'))
}

function credentialFor(pin: PinnedPeer, ownId: string, secret: Secret): Credential | undefined {
  const { clusterId: publisher, exchangeNamespace: namespace } = pin
  return checkCredential(secretValue(secret), { publisher, reader: ownId, namespace })
}

function withoutAccess(credential: Credential): Omit<Credential, 'certificateAuthority' | 'tlsServerName'> {
  const { certificateAuthority: _, tlsServerName: __, ...rest } = credential
  return rest
}
