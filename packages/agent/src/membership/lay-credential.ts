/** What a publisher lays into the registry for a reader, and takes back. */
import { type Credential, SECRETS, type Secret, secretValue } from '@isthmus/api'
import { type ClusterClient, isConflict, isNotFound } from '@isthmus/kube'
import { ANNOTATION_DELIVERED, ANNOTATION_RELINKED, ANNOTATION_WITHDRAWN } from './reader-objects.ts'
import { firstCredentialSecret } from './registry-objects.ts'

export interface RegistryTarget {
  readonly client: Pick<ClusterClient, 'update'>
  readonly namespace: string
}

type NotingClient = Pick<ClusterClient, 'get' | 'patch'>

/** How often what someone else changed at the same time is looked at again. */
const ATTEMPTS = 5

/**
 * Lays a credential into the registry, and notes in the own exchange that it was. One that is not the reader's any
 * more, as another was issued meanwhile, is left to whoever lays that one.
 */
export async function layCredential(
  client: NotingClient,
  registry: RegistryTarget,
  credential: Credential,
  relinkRequested: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { publisher, reader, issuedAt } = credential
  const annotations = {
    [ANNOTATION_DELIVERED]: issuedAt,
    ...(relinkRequested === undefined ? {} : { [ANNOTATION_RELINKED]: relinkRequested }),
  }
  await noteOn(client, credential, annotations, signal, async () => {
    const secret = firstCredentialSecret(registry.namespace, publisher, reader, credential)
    await registry.client.update(SECRETS, secret, { signal })
  })
}

/** Notes what was done with a credential, on the Secret that holds it: only if that still does, before and after. */
async function noteOn(
  client: NotingClient,
  { account, namespace, token }: Credential,
  annotations: Record<string, string>,
  signal: AbortSignal | undefined,
  act: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const stored = await client.get<Secret>(SECRETS, account, namespace, { signal })
    if (secretValue<Credential>(stored)?.token !== token) return
    if (attempt === 1) await act()
    const { resourceVersion } = stored.metadata
    const patch = { metadata: { resourceVersion, annotations } }
    try {
      await client.patch<Secret>(SECRETS, account, namespace, patch, { signal })
      return
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error
    }
  }
}

/**
 * Takes what was laid for a reader out of the registry: it has it. The Secret stays, for the next one.
 *
 * @param credential that is the reader's now: the one that was laid, or one after it
 * @param laid `issuedAt` of the one that was laid
 */
export async function withdrawCredential(
  client: NotingClient,
  registry: RegistryTarget,
  credential: Credential,
  laid: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { publisher, reader } = credential
  await noteOn(client, credential, { [ANNOTATION_WITHDRAWN]: laid }, signal, async () => {
    const empty = firstCredentialSecret(registry.namespace, publisher, reader)
    await registry.client.update(SECRETS, empty, { signal }).catch(error => {
      if (!isNotFound(error)) throw error
    })
  })
}
