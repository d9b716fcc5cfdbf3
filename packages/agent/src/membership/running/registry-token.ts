import { memberAccount, SECRETS, type Secret, secretData } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import type { GatedClient } from '../../leadership/write-gate.ts'
import { requestToken } from '../request-token.ts'
import type { OwnRecords } from './own-records.ts'

export interface RegistryTokenOptions {
  /** Of the own cluster. */
  readonly gated: GatedClient
  readonly records: OwnRecords
  readonly clusterId: string
  readonly clock: () => number
}

/** Gets a new token for the registry with the one there is, and keeps it in the own cluster. */
export async function renewRegistryToken(
  { gated, records, clusterId, clock }: RegistryTokenOptions,
  registry: ClusterClient,
  signal: AbortSignal,
): Promise<void> {
  const { registryAccess: access, registrySecret: secret } = records
  if (access === undefined || secret === undefined) return
  const issued = await requestToken(registry, access.namespace, memberAccount(clusterId), signal)
  const issuedAt = new Date(clock()).toISOString()
  await gated.update<Secret>(
    SECRETS,
    { ...secret, ...secretData({ ...access, ...issued, issuedAt }) },
    { signal },
  )
}
