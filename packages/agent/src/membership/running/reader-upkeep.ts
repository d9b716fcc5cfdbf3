import type { MembershipRecord, PinnedPeer } from '@isthmus/api'
import { isSameAccess, type PeerVerdict } from '@isthmus/core'
import { type ClusterClient, done, type Outcome } from '@isthmus/kube'
import type { GatedClient } from '../../leadership/write-gate.ts'
import { type IssuingClient, issueCredential } from '../issue-credential.ts'
import { layCredential, withdrawCredential } from '../lay-credential.ts'
import { removeReader } from '../remove-reader.ts'
import { CACHE_LAG_MS, NotYet } from './attempt.ts'
import type { OwnReader } from './own-readers.ts'
import type { RegistryFollower } from './registry-follower.ts'

export interface ReaderUpkeepOptions {
  /** Of the own cluster. */
  readonly client: ClusterClient
  /** The same; its writes end with the lead. */
  readonly gated: GatedClient
  readonly clusterId: string
  readonly exchangeNamespace: string
  readonly registry: () => RegistryFollower | undefined
  readonly clock: () => number
}

/** A server whose tokens are over at once is not asked in a circle. */
const ISSUE_AGAIN_MS = 60_000
/** What a registry asks for is bounded: so many for one reader at once, and then one in a minute. */
const ISSUED_AT_ONCE = 5
const ISSUED_EVERY_MS = 60_000

/** After what was laid could not be taken out of the registry. */
const WITHDRAW_AGAIN_MS = 30_000

interface Issued {
  readonly issuedAt: string
  /** When, by a clock that nobody sets. */
  readonly at: number
  /** When as many may be issued at once again; milliseconds since the epoch. */
  readonly restedAt: number
}

/** Keeps the accounts that others have in the own exchange, and their credentials. */
export class ReaderUpkeep {
  readonly #options: ReaderUpkeepOptions
  readonly #issuing: IssuingClient
  /** What was issued last for each reader. */
  readonly #issued = new Map<string, Issued>()

  constructor(options: ReaderUpkeepOptions) {
    const { client, gated } = options
    this.#options = options
    this.#issuing = {
      ...gated,
      server: client.server,
      list: (type, request) => client.list(type, request),
      raw: (path, init) => client.raw(path, init),
    }
  }

  /** Does what was decided about the account of a peer. */
  async serve(
    pin: PinnedPeer | undefined,
    verdict: PeerVerdict,
    reader: OwnReader | undefined,
    record: MembershipRecord,
    signal: AbortSignal,
  ): Promise<Outcome | NotYet> {
    if (verdict.reader === 'remove' && reader !== undefined) await this.remove(reader, signal)
    if (pin === undefined) return done()
    if (verdict.reader === 'issue') return this.#issue(pin, verdict.request, reader, record, signal)
    if (verdict.reader === 'lay') await this.#lay(reader, verdict.request, signal)
    if (verdict.reader === 'withdraw') return this.#withdraw(reader, signal)
    return done()
  }

  /** Of readers that have left, nothing is known any more. */
  forget(clusterId: string): void {
    this.#issued.delete(clusterId)
  }

  async #lay(reader: OwnReader | undefined, request: string, signal: AbortSignal): Promise<void> {
    const { gated, registry } = this.#options
    const target = registry()
    if (reader?.credential !== undefined && target !== undefined)
      await layCredential(gated, target, reader.credential, request, signal)
  }

  /** No harm is done where it stays: it ends by itself. */
  async #withdraw(reader: OwnReader | undefined, signal: AbortSignal): Promise<Outcome | NotYet> {
    const { gated, registry } = this.#options
    const target = registry()
    if (reader?.credential === undefined || target === undefined) return done()
    const { credential, seen } = reader
    try {
      await withdrawCredential(gated, target, credential, seen.delivered, signal)
      return done()
    } catch {
      return new NotYet(WITHDRAW_AGAIN_MS)
    }
  }

  async remove(reader: OwnReader, signal: AbortSignal): Promise<void> {
    const { gated, exchangeNamespace } = this.#options
    const { clusterId, name, seen } = reader
    this.#issued.delete(clusterId)
    await removeReader(gated, exchangeNamespace, name, { clusterId, profileUID: seen.profileUID }, signal)
  }

  async #issue(
    pin: PinnedPeer,
    request: string,
    reader: OwnReader | undefined,
    { access }: MembershipRecord,
    signal: AbortSignal,
  ): Promise<Outcome | NotYet> {
    const { exchangeNamespace, clusterId: publisher, clock } = this.#options
    const { clusterId, profileUID } = pin
    const now = clock()
    const last = this.#issued.get(clusterId)
    const isInCache = last === undefined || reader?.credential?.issuedAt === last.issuedAt
    if (!isInCache && performance.now() - last.at < CACHE_LAG_MS) return new NotYet(CACHE_LAG_MS)
    const { credential, seen } = reader ?? {}
    const isOnlyOld =
      credential !== undefined &&
      seen?.profileUID === profileUID &&
      seen.issuedFor === request &&
      isSameAccess(credential, access)
    const wait = isOnlyOld ? Date.parse(credential.issuedAt) + ISSUE_AGAIN_MS - now : 0
    if (wait > 0 && wait <= ISSUE_AGAIN_MS) return new NotYet(wait)
    if (isTooSoon(last, now)) {
      // The reader has no other that is worth anything.
      if (seen?.issuedFor !== seen?.relinked) await this.#lay(reader, seen?.issuedFor ?? '', signal)
      throw new Error('it was asked for too often: the next one waits, for a minute at most')
    }
    const { issuedAt } = await issueCredential({
      client: this.#issuing,
      exchangeNamespace,
      publisher,
      access,
      reader: { clusterId, profileUID },
      relinkRequested: request,
      now,
      signal,
    })
    const restedAt = Math.max(now, last?.restedAt ?? now) + ISSUED_EVERY_MS
    this.#issued.set(clusterId, { issuedAt, at: performance.now(), restedAt })
    return done()
  }
}

/** A clock that was set back bounds nothing. */
function isTooSoon(last: Issued | undefined, now: number): boolean {
  const owed = (last?.restedAt ?? now) - now
  return owed > (ISSUED_AT_ONCE - 1) * ISSUED_EVERY_MS && owed <= ISSUED_AT_ONCE * ISSUED_EVERY_MS
}
