import { isDeepStrictEqual } from 'node:util'
import { type ApiAccess, firstCredentialName, LABEL_READER, SECRETS, secretValue } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { deliverCredential, issueCredential } from '../issue-credential.ts'
import { ANNOTATION_DELIVERED, ANNOTATION_WITHDRAWN } from '../reader-objects.ts'
import { isSame, readerOf } from '../remove-reader.ts'
import type { RegisteredPeer } from './register.ts'

export interface FirstCredentialOptions {
  readonly client: ClusterClient
  readonly registry: ClusterClient
  /** The registry's. */
  readonly namespace: string
  readonly clusterId: string
  readonly exchangeNamespace: string
  readonly access: ApiAccess
  /** As it was announced before. */
  readonly accessBefore: ApiAccess | undefined
  readonly peers: readonly RegisteredPeer[]
  readonly signal?: AbortSignal | undefined
}

/**
 * Lets the members that are there read the exchange of a new one, before its agent runs. One that has a
 * credential keeps it; a change of address reaches it over the link that it has.
 */
export async function issueMissingCredentials(options: FirstCredentialOptions): Promise<void> {
  const { client, registry, namespace, clusterId, exchangeNamespace, access, peers, signal } = options
  const moved =
    options.accessBefore !== undefined && !isDeepStrictEqual({ ...options.accessBefore }, { ...access })
  for (const reader of peers) {
    const issue = {
      client,
      exchangeNamespace,
      publisher: clusterId,
      access,
      reader,
      now: Date.now(),
      signal,
    }
    const name = firstCredentialName(clusterId, reader.clusterId)
    const laid = secretValue(await registry.get(SECRETS, name, namespace, { signal }))
    const isIssued = laid !== undefined || (await hasPickedUp(options, reader))
    if (!isIssued) await deliverCredential({ ...issue, registry: { client: registry, namespace } })
    else if (moved) await issueCredential(issue)
  }
}

/** What was laid for it was taken out of the registry, as it has it. */
async function hasPickedUp(
  { client, exchangeNamespace: namespace, signal }: FirstCredentialOptions,
  reader: RegisteredPeer,
): Promise<boolean> {
  const labelSelector = `${LABEL_READER}=${reader.clusterId}`
  const { items } = await client.list(SECRETS, { namespace, labelSelector, signal })
  return items.some(secret => {
    const holder = readerOf(secret)
    const { [ANNOTATION_DELIVERED]: laid, [ANNOTATION_WITHDRAWN]: withdrawn } =
      secret.metadata.annotations ?? {}
    return holder !== undefined && isSame(holder, reader) && withdrawn !== undefined && withdrawn === laid
  })
}
