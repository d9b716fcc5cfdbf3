import { LABEL_READER } from '@isthmus/api'
import type { Reading } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { readList } from './reading.ts'

const SERVICE_ACCOUNTS = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
}

/** Ids of the members that have an account in the exchange: who has none is let in no more. */
export function readersIn(client: ClusterClient, namespace: string): Promise<Reading<readonly string[]>> {
  return readList(async () => {
    const { items } = await client.list(SERVICE_ACCOUNTS, { namespace, labelSelector: LABEL_READER })
    return items.flatMap(({ metadata }) => metadata.labels?.[LABEL_READER] ?? [])
  })
}
