import {
  CONFIG_MAPS,
  configMapData,
  configMapValue,
  MEMBERSHIP_NAME,
  type MembershipRecord,
} from '@isthmus/api'
import type { Logger } from 'pino'
import type { GatedClient } from '../../leadership/write-gate.ts'
import { time } from '../../timestamps.ts'
import type { RegistryFollower } from './registry-follower.ts'

export interface OwnRemovalOptions {
  /** Of the own cluster. */
  readonly gated: Pick<GatedClient, 'get' | 'patch'>
  readonly agentNamespace: string
  readonly clock: () => number
  readonly log: Pick<Logger, 'warn' | 'info'>
}

/** What somebody has to know, and do, whose cluster an administrator of the registry removed. */
export function removalWords({ clusterId, clusterset, removedAt }: MembershipRecord): string | undefined {
  if (removedAt === undefined) return undefined
  return `${clusterId} was removed from the ClusterSet ${clusterset} (seen at ${removedAt}): the others do not read it any more, and what it imported stays as it was; \`isthmus leave\` takes out what is left here, then it can join again`
}

/**
 * Writes down that this member was removed while its agent ran: soon after, the registry does not answer it any
 * more. A registry that was restored from before takes it back.
 */
export async function noteRemoval(
  { gated, agentNamespace: namespace, clock, log }: OwnRemovalOptions,
  record: MembershipRecord,
  registry: Pick<RegistryFollower, 'isKnown' | 'hasLeft'>,
  signal: AbortSignal,
): Promise<void> {
  // What was never read says nothing.
  if (!registry.isKnown || record.state === 'leaving') return
  const isRemoved = registry.hasLeft(record.clusterId, record.profileUID)
  if (isRemoved === (record.removedAt !== undefined)) return
  const found = await gated.get(CONFIG_MAPS, MEMBERSHIP_NAME, namespace, { signal })
  const stored = configMapValue<MembershipRecord>(found)
  if (stored?.profileUID !== record.profileUID) return
  const { removedAt: _, ...rest } = stored
  const next: MembershipRecord = isRemoved ? { ...rest, removedAt: time(clock()) } : rest
  const { resourceVersion } = found.metadata
  const change = { metadata: { resourceVersion }, ...configMapData(next) }
  await gated.patch(CONFIG_MAPS, MEMBERSHIP_NAME, namespace, change, { signal })
  if (isRemoved) log.warn({ clusterset: record.clusterset }, removalWords(next) ?? '')
  else log.info({ clusterset: record.clusterset }, `${record.clusterId} is a member of the ClusterSet again`)
}
