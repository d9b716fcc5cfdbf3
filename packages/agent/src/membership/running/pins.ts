import {
  type ClusterProfile,
  LABEL_MANAGED_BY,
  LABEL_PEER,
  MANAGER,
  type PinnedPeer,
  peerSecretName,
  SECRETS,
  type Secret,
  secretData,
} from '@isthmus/api'
import { checkAccess, readProfile } from '@isthmus/core'
import { isAlreadyExists, isNotFound } from '@isthmus/kube'
import type { GatedClient } from '../../leadership/write-gate.ts'
import { time } from '../../timestamps.ts'

/** What is believed of a peer from now on: what its profile says at first sight. */
export function newPin(profile: ClusterProfile, now: number): PinnedPeer | undefined {
  const { access: said, exchangeNamespace } = readProfile(profile)
  const access = checkAccess(said)
  const { name: clusterId = '', uid: profileUID = '' } = profile.metadata
  if (access === undefined || exchangeNamespace === undefined) return undefined
  return { clusterId, profileUID, access, exchangeNamespace, pinnedAt: time(now) }
}

/** Makes it anew. That it is there already is as good: it will be seen. */
export async function createPin(
  client: Pick<GatedClient, 'create'>,
  namespace: string,
  pin: PinnedPeer,
  signal: AbortSignal,
): Promise<void> {
  const { clusterId } = pin
  const labels = {
    [LABEL_MANAGED_BY]: MANAGER,
    'app.kubernetes.io/part-of': 'isthmus',
    [LABEL_PEER]: clusterId,
  }
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: peerSecretName(clusterId), labels },
    type: 'isthmus.dev/peer',
    ...secretData(pin),
  }
  await client.create(SECRETS, secret, { signal }).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}

/** @param stored from which it was computed: a conflict if it is not the latest. */
export async function updatePin(
  client: Pick<GatedClient, 'update'>,
  stored: Secret,
  pin: PinnedPeer,
  signal: AbortSignal,
): Promise<void> {
  await client.update(SECRETS, { ...stored, ...secretData(pin) }, { signal })
}

export async function deletePin(
  client: Pick<GatedClient, 'delete'>,
  { metadata: { name = '', namespace, uid } }: Secret,
  signal: AbortSignal,
): Promise<void> {
  await client.delete(SECRETS, name, namespace, { uid, signal }).catch(error => {
    if (!isNotFound(error)) throw error
  })
}
