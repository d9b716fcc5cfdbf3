/** Reads of every member what its agent keeps there: nothing is asked of an agent, so it works without one. */
import { LEADER_LEASE_NAME } from '@isthmus/agent'
import {
  CONFIG_MAPS,
  configMapValue,
  ENDPOINT_SLICES,
  EXPORT_INDEX_NAME,
  EXPORT_INDEXES,
  LABEL_SLICE_MANAGED_BY,
  LEASES,
  MANAGER,
  MEMBERSHIP_NAME,
  type MembershipRecord,
  NAMESPACES,
  PUBLISHER_LEASE_NAME,
  REGISTRY_NOTE_NAME,
  type RegistryNoteData,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
} from '@isthmus/api'
import type { MemberContext, ReachedContexts } from '../contexts/contexts.ts'
import { linksOf } from '../contexts/links.ts'
import { profilesIn } from '../contexts/profiles.ts'
import { readersIn } from '../contexts/readers.ts'
import { readList, readObject } from '../contexts/reading.ts'
import type { MemberReading, StatusFacts } from './status-facts.ts'

export async function gatherStatus(reached: ReachedContexts): Promise<StatusFacts> {
  const { members, unreachable, outsiders } = reached
  const [read, profiles] = await Promise.all([
    Promise.all(members.map(readMember)),
    // The registry may be a member's cluster, or one of its own.
    Promise.all([...members, ...outsiders].map(({ client }) => profilesIn(client))),
  ])
  return { members: read, unreachable, outsiders, profiles: profiles.flat() }
}

async function readMember({ client, ...member }: MemberContext): Promise<MemberReading> {
  const all = { namespace: undefined }
  const items = <T>(ask: () => Promise<{ items: T[] }>) => readList(async () => (await ask()).items)
  const { agentNamespace: home, exchangeNamespace: exchange } = member.installedIn
  const [exports, imports, slices, namespaces, index, heartbeat, leader, links, readers, membership, note] =
    await Promise.all([
      items(() => client.list(SERVICE_EXPORTS, all)),
      items(() => client.list(SERVICE_IMPORTS, all)),
      items(() => client.list(ENDPOINT_SLICES, { labelSelector: `${LABEL_SLICE_MANAGED_BY}=${MANAGER}` })),
      items(() => client.list(NAMESPACES)),
      readObject(() => client.get(EXPORT_INDEXES, EXPORT_INDEX_NAME, exchange)),
      readObject(() => client.get(LEASES, PUBLISHER_LEASE_NAME, exchange)),
      readObject(() => client.get(LEASES, LEADER_LEASE_NAME, home)),
      readList(() => linksOf(client, home)),
      readersIn(client, exchange),
      client.get(CONFIG_MAPS, MEMBERSHIP_NAME, home).catch(() => undefined),
      client.get(CONFIG_MAPS, REGISTRY_NOTE_NAME, home).catch(() => undefined),
    ])
  return {
    ...member,
    exports,
    imports,
    slices,
    namespaces,
    index,
    heartbeat,
    leader,
    links,
    isJoined: membership !== undefined,
    readers,
    membership: configMapValue<MembershipRecord>(membership),
    registry: note?.data as RegistryNoteData | undefined,
  }
}
