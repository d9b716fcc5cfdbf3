/** What is to be done about one other member: from what the own cluster and the registry hold of it. */
import type { ApiAccess, PinnedPeer } from '@isthmus/api'
import { isSameAccess } from './check-access.ts'
import { departedKey } from './departed.ts'
import { isHalfOver, type Lifetime } from './lifetime.ts'

/** A ClusterProfile, as far as it was well-formed. */
export interface SeenProfile {
  readonly uid: string
  readonly clusterset: string | undefined
  /** Absent while its cluster has not finished joining. */
  readonly access: ApiAccess | undefined
  readonly exchangeNamespace: string | undefined
  /** When an administrator asked for new credentials; empty: never. */
  readonly relinkRequested: string
  /** `issuedAt` of the last credential of ours that it took from the registry, as it says; empty: none. */
  readonly pickedUp: string
}

/** What the registry says; undefined while it has never been read. */
export interface SeenRegistry {
  readonly profile: SeenProfile | undefined
  /** Of the own profile. */
  readonly relinkRequested: string
  /** Keys of members that have left. */
  readonly departed: ReadonlySet<string>
}

/** The account that the peer has in the own exchange. */
export interface SeenReader {
  readonly profileUID: string
  /** Undefined where there is none, or it cannot be read. */
  readonly credential: (Lifetime & ApiAccess) | undefined
  /** `issuedAt` of the credential that was last laid into the registry, and of the one taken out of it; or empty. */
  readonly delivered: string
  readonly withdrawn: string
  /** The request to link anew for which the credential was issued, and the one that was answered in the registry. */
  readonly issuedFor: string
  readonly relinked: string
}

export interface PeerFacts {
  /** Of the peer. */
  readonly clusterId: string
  readonly clusterset: string
  /** How peers are to reach this member. */
  readonly ownAccess: ApiAccess
  readonly pin: PinnedPeer | undefined
  readonly registry: SeenRegistry | undefined
  readonly reader: SeenReader | undefined
  /** The peer's server does not accept the credential, and it is not connected. */
  readonly isRefused: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface PeerVerdict {
  /** `forget`: it has left; what is of it goes, and this last. */
  readonly pin: 'none' | 'keep' | 'make' | 'forget'
  /** `issue`: a new token; `lay`: the one there is into the registry; `withdraw`: what was laid, as it was picked up. */
  readonly reader: 'none' | 'keep' | 'issue' | 'lay' | 'withdraw' | 'remove'
  /** How the next credential for its exchange is got: from the registry, or over the link. */
  readonly credential: 'keep' | 'fetch' | 'read'
  /** Of requests to link anew, the one that what is issued now answers. */
  readonly request: string
  /** What a person has to know, for a status line. */
  readonly notice?: string
  /** The registry says something of a known peer that is not believed. */
  readonly isHeld: boolean
}

/** Silence of the registry, and what is missing in it, changes nothing: only what it names as departed goes. */
export function decidePeer(facts: PeerFacts): PeerVerdict {
  const { pin, registry } = facts
  if (pin === undefined) return decideUnknown(facts)
  const departed = registry?.departed.has(departedKey(pin.clusterId, pin.profileUID)) ?? false
  if (departed || pin.departedAt !== undefined) return { ...NOTHING, pin: 'forget', reader: readerOf(facts) }
  const objection = objectionTo(pin, registry)
  return {
    ...NOTHING,
    ...objection,
    pin: 'keep',
    ...decideReader(facts, { clusterId: pin.clusterId, profileUID: pin.profileUID }),
    credential: decideCredential(facts, pin, objection.isHeld),
  }
}

const NOTHING: PeerVerdict = {
  pin: 'none',
  reader: 'none',
  credential: 'keep',
  request: '',
  isHeld: false,
}

/** Nothing is pinned: a member that has just joined, one that is joining, or one that has left. */
function decideUnknown(facts: PeerFacts): PeerVerdict {
  const { registry, clusterId, clusterset } = facts
  const { profile } = registry ?? {}
  const reader = readerOf(facts)
  // It goes later than the word that its cluster has left.
  if (profile !== undefined && registry?.departed.has(departedKey(clusterId, profile.uid)))
    return { ...NOTHING, reader }
  if (profile === undefined || profile.access === undefined || profile.exchangeNamespace === undefined)
    return { ...NOTHING, reader }
  if (profile.clusterset !== clusterset) {
    const named = profile.clusterset === undefined ? 'no ClusterSet' : `the ClusterSet ${profile.clusterset}`
    return { ...NOTHING, reader, notice: `its ClusterProfile names ${named}, not ${clusterset}` }
  }
  return { ...NOTHING, pin: 'make', reader }
}

/** Of a peer that has left. */
function readerOf({ clusterId, reader, pin, registry }: PeerFacts): PeerVerdict['reader'] {
  if (reader === undefined) return 'none'
  const hasLeft = registry?.departed.has(departedKey(clusterId, reader.profileUID)) ?? false
  return hasLeft || pin?.profileUID === reader.profileUID ? 'remove' : 'keep'
}

/** What of the registry contradicts the pin. It may be an attack: only the old link or an administrator can settle it. */
function objectionTo(
  pin: PinnedPeer,
  registry: SeenRegistry | undefined,
): Pick<PeerVerdict, 'notice' | 'isHeld'> {
  if (registry === undefined) return { isHeld: false }
  const { profile } = registry
  const way = `isthmus relink --peer ${pin.clusterId} --accept`
  if (profile === undefined)
    return {
      isHeld: false,
      notice: 'its ClusterProfile is gone from the registry; it stays linked, as it has not left',
    }
  if (profile.uid !== pin.profileUID)
    return {
      isHeld: true,
      notice: `another cluster has joined with its id: held; if that is meant, \`${way}\``,
    }
  if (profile.access !== undefined && !isSameAccess(profile.access, pin.access)) {
    const what =
      profile.access.server === pin.access.server
        ? 'another certificate authority or server name'
        : `the server ${profile.access.server} in place of ${pin.access.server}`
    return { isHeld: true, notice: `its ClusterProfile names ${what}: held; if that is meant, \`${way}\`` }
  }
  if (profile.exchangeNamespace !== undefined && profile.exchangeNamespace !== pin.exchangeNamespace) {
    const what = `the exchange ${profile.exchangeNamespace} in place of ${pin.exchangeNamespace}`
    return { isHeld: true, notice: `its ClusterProfile names ${what}: held; if that is meant, \`${way}\`` }
  }
  return { isHeld: false }
}

function decideReader(
  { reader, ownAccess, registry, pin, now }: PeerFacts,
  peer: { clusterId: string; profileUID: string },
): Pick<PeerVerdict, 'reader' | 'request'> {
  // A profile of another cluster has no say in what the one that is pinned gets.
  const profile = registry?.profile?.uid === pin?.profileUID ? registry?.profile : undefined
  const asked = [profile?.relinkRequested, registry?.relinkRequested].filter(time => time).join(' ')
  if (reader === undefined || reader.profileUID !== peer.profileUID)
    return { reader: 'issue', request: asked }
  const { credential, delivered, withdrawn, issuedFor, relinked } = reader
  // With the registry away, what was asked for last holds.
  const request = profile === undefined ? issuedFor : asked
  const isNeeded =
    credential === undefined ||
    isHalfOver(credential, now) ||
    !isSameAccess(credential, ownAccess) ||
    issuedFor !== request
  if (isNeeded) return { reader: 'issue', request }
  if (registry === undefined) return { reader: 'keep', request }
  if (delivered === '' || relinked !== request) return { reader: 'lay', request }
  const isPickedUp = profile?.pickedUp === delivered && withdrawn !== delivered
  return { reader: isPickedUp && isSeenByAll(delivered, now) ? 'withdraw' : 'keep', request }
}

/** `isthmus relink` waits until it sees what was laid. */
const LAID_FOR_MS = 15_000

function isSeenByAll(laidAt: string, now: number): boolean {
  return Math.abs(now - Date.parse(laidAt)) >= LAID_FOR_MS
}

function decideCredential(
  { isRefused, now }: PeerFacts,
  { credential }: PinnedPeer,
  isHeld: boolean,
): PeerVerdict['credential'] {
  if (credential === undefined || isRefused) return 'fetch'
  return isHeld || isHalfOver(credential, now) ? 'read' : 'keep'
}
