/**
 * What a member keeps of its membership in its own cluster. Commands write it, people repair it, and a part of it
 * was once said by others: what is not well-formed is as if it were not there.
 */
import type { MembershipRecord, PinnedPeer, RegistryAccess } from '@isthmus/api'
import { isDNSLabel, isDNSSubdomain } from '../check/formats.ts'
import { checkAccess, fields } from './check-access.ts'
import { checkCredential, isTime, isToken } from './check-credential.ts'

const UID = /^[A-Za-z0-9._-]{1,128}$/

/** UIDs are made by API servers; what else there is must not grow without bound, or break a key. */
export function isUID(value: unknown): value is string {
  return typeof value === 'string' && UID.test(value)
}

/** @param ownId the reader of the peer's exchange */
export function checkPinnedPeer(value: unknown, clusterId: string, ownId: string): PinnedPeer | undefined {
  const pin = fields(value)
  const access = checkAccess(pin.access)
  if (access === undefined || pin.clusterId !== clusterId || !isDNSLabel(clusterId) || clusterId === ownId)
    return undefined
  const { profileUID, exchangeNamespace, pinnedAt, pickedUp, departedAt } = pin
  if (!isUID(profileUID) || !isDNSLabel(exchangeNamespace) || !isTime(pinnedAt)) return undefined
  const expected = { publisher: clusterId, reader: ownId, namespace: exchangeNamespace }
  const credential = pin.credential === undefined ? undefined : checkCredential(pin.credential, expected)
  return {
    clusterId,
    profileUID,
    access,
    exchangeNamespace,
    pinnedAt,
    ...(credential === undefined ? {} : { credential }),
    ...(isTime(pickedUp) ? { pickedUp } : {}),
    ...(isTime(departedAt) ? { departedAt } : {}),
  }
}

export function checkRegistryAccess(value: unknown): RegistryAccess | undefined {
  const { namespace, token, expiresAt, issuedAt } = fields(value)
  const access = checkAccess(value)
  if (access === undefined || !isDNSLabel(namespace) || !isToken(token)) return undefined
  if (!isTime(expiresAt) || !isTime(issuedAt)) return undefined
  return { ...access, namespace, token, expiresAt, issuedAt }
}

export function checkMembershipRecord(value: unknown): MembershipRecord | undefined {
  const record = fields(value)
  const { clusterset, clusterId, profileUID, joinedAt, state, removedAt } = record
  const access = checkAccess(record.access)
  if (access === undefined || !isDNSLabel(clusterId) || !isUID(profileUID) || !isTime(joinedAt))
    return undefined
  if (typeof clusterset !== 'string' || !isDNSSubdomain(clusterset)) return undefined
  if (state !== 'member' && state !== 'leaving') return undefined
  const removal = isTime(removedAt) ? { removedAt } : {}
  return { clusterset, clusterId, profileUID, joinedAt, state, ...removal, access }
}
