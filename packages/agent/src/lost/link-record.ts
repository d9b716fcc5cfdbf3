import type { ClusterClient } from '@isthmus/kube'
import { readLinkObject, writeLinkObject } from '../links/link-object.ts'
import type { LinkState } from '../options.ts'

/**
 * What a cluster remembers of the link to a peer, in the ConfigMap `link-<cluster id>` of the agent's namespace,
 * beside the highest sequence. All is text there; times are RFC 3339, durations whole seconds.
 */
export interface LinkRecord {
  readonly state: LinkState
  /** Why, in words; empty where it is connected. */
  readonly reason: string
  /** Since when the link is in this state, or, of a lost one, when it was last heard of. */
  readonly since: string
  /** What the member is to services without a policy of their own: present, kept, notReady or removed. */
  readonly phase: string
  readonly services: number
  /** For how long it has been lost, in time that counts for the policy. */
  readonly controlPlaneSeconds: number
  readonly endpointsSeconds: number
  readonly apiServerSeconds: number
}

type RecordData = Readonly<Record<keyof LinkRecord, string>>

/** Undefined where nothing was remembered yet. */
export async function loadLinkRecord(
  client: Pick<ClusterClient, 'get'>,
  namespace: string,
  clusterId: string,
  signal: AbortSignal,
): Promise<LinkRecord | undefined> {
  const { data } = (await readLinkObject(client, namespace, clusterId, signal)) ?? {}
  return data === undefined ? undefined : recordOf(data)
}

/** The sequence that another part of the agent keeps in the same object is not touched. */
export async function saveLinkRecord(
  client: Pick<ClusterClient, 'get' | 'patch' | 'create'>,
  namespace: string,
  clusterId: string,
  record: LinkRecord,
): Promise<void> {
  const data = dataOf(record)
  await writeLinkObject(client, namespace, clusterId, () => data)
}

function dataOf(record: LinkRecord): RecordData {
  return {
    ...record,
    services: String(record.services),
    controlPlaneSeconds: String(record.controlPlaneSeconds),
    endpointsSeconds: String(record.endpointsSeconds),
    apiServerSeconds: String(record.apiServerSeconds),
  }
}

/** A person may have edited it: what cannot be read counts as nothing, never as long silence. */
function recordOf(data: Readonly<Partial<Record<string, string>>>): LinkRecord | undefined {
  const { state, reason = '', since = '', phase = 'present' } = data
  if (state === undefined) return undefined
  const number = (text: string | undefined) => (/^\d{1,9}$/.test(text ?? '') ? Number(text) : 0)
  return {
    state: state as LinkState,
    reason,
    since,
    phase,
    services: number(data.services),
    controlPlaneSeconds: number(data.controlPlaneSeconds),
    endpointsSeconds: number(data.endpointsSeconds),
    apiServerSeconds: number(data.apiServerSeconds),
  }
}
