import { CLUSTER_PROPERTIES, type MembershipRecord, PROPERTY_CLUSTERSET } from '@isthmus/api'
import { isExpired, type LostMemberRules } from '@isthmus/core'
import {
  type ClusterClient,
  Controller,
  done,
  isNotFound,
  isUnauthorized,
  type Outcome,
  requeueAfter,
} from '@isthmus/kube'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Links } from '../../links/links.ts'
import type { MembershipStatus } from '../../options.ts'
import { ChangingConnection, type Connect } from './changing-connection.ts'
import { membershipMetrics } from './membership-metrics.ts'
import { MembershipTerm, type MembershipTermOptions } from './membership-term.ts'
import { OwnRecords } from './own-records.ts'
import { removalWords } from './own-removal.ts'

export interface MembershipOptions {
  /** Of the own cluster. */
  readonly client: ClusterClient
  readonly clusterId: string
  readonly agentNamespace: string
  readonly exchangeNamespace: string
  /** Ids of peers that were given otherwise: what is pinned of them does not count. */
  readonly staticPeers: ReadonlySet<string>
  readonly links: Links
  readonly metrics: Registry
  readonly clock: () => number
  readonly log: Logger
  /** This cluster leaves the ClusterSet: the agent is to make nothing any more. The words say so to a person. */
  readonly onLeaving: (words: string) => void
  /** What the ClusterSet says of lost members: at the start, if that is known, and when it is another. */
  readonly onLostMemberPolicy: (rules: LostMemberRules) => void
  /** A link has ended, as its peer left. Resolves when nothing of it is being written any more. */
  readonly onDropped: (clusterId: string) => Promise<void>
  /** How often to look for what only time brings. Default: 5 s. */
  readonly lookEveryMs?: number | undefined
  /** How clients of peers and of the registry are made; for tests. */
  readonly connect?: Connect | undefined
}

/** What is worked on beside peers: never the id of one. */
const MEMBERSHIP = '/membership'
const LOOK_AGAIN_MS = 2_000
const MALFORMED_PIN = 'its Secret is not well-formed: `isthmus relink --accept` writes it anew'

/** What a term needs beside what the membership has. */
export type TermContext = Pick<MembershipTermOptions, 'gated' | 'own' | 'recorder'>

/**
 * What this member knows of the ClusterSet, and links accordingly: from what its own cluster keeps, so that
 * the registry may be gone. An agent that leads also follows the registry, and keeps credentials fresh.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #records: OwnRecords
  readonly #connections = new Map<string, { connection: ChangingConnection; exchangeNamespace: string }>()
  readonly #dropping = new Map<string, Promise<void>>()
  readonly #linking: Controller
  #term: MembershipTerm | undefined
  #isLeaving = false
  /** The membership as it was when it was last there. */
  #lastRecord: MembershipRecord | undefined

  constructor(options: MembershipOptions) {
    const { client, clusterId, agentNamespace: namespace } = options
    this.#options = options
    membershipMetrics(options.metrics, () => this.status())
    this.#records = new OwnRecords({
      client,
      namespace,
      clusterId,
      onPeer: id => {
        this.#linking.enqueue(id)
        this.#term?.peerChanged(id)
      },
      onMembership: () => {
        this.#linking.enqueue(MEMBERSHIP)
        this.#term?.membershipChanged()
      },
      onPolicy: () => {
        const { policyHeld } = this.#records
        if (policyHeld !== undefined) options.onLostMemberPolicy(policyHeld.rules)
        this.#term?.policyChanged()
      },
    })
    this.#linking = new Controller({
      name: 'membership',
      reconcile: key => (key === MEMBERSHIP ? this.#lookAtLeaving() : this.#link(key)),
      onError: (error, key) =>
        options.log.warn({ err: error, key }, 'membership: failed, will be tried again'),
    })
  }

  /**
   * Makes the links to all peers that are known. Resolves when that is done.
   * @throws IsthmusError when what is known may not be read.
   */
  async load(signal: AbortSignal): Promise<void> {
    await this.#records.load(signal)
    for (const id of this.#records.pins.keys()) await this.#link(id, signal)
    this.#linking.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#linking.stop(), this.#records.stop()])
    await Promise.all([...this.#connections].map(([id, { connection }]) => this.#end(id, connection)))
  }

  /** For as long as this agent leads. */
  newTerm(context: TermContext): MembershipTerm {
    const { links, ...options } = this.#options
    const term = new MembershipTerm({
      ...options,
      ...context,
      links,
      records: this.#records,
      connection: id => this.#connections.get(id)?.connection,
      drop: id => this.#drop(id),
      onEnd: () => {
        if (this.#term === term) this.#term = undefined
      },
    })
    this.#term = term
    return term
  }

  /** A link is in another state. */
  linkChanged(): void {
    this.#term?.linkChanged()
  }

  status(): MembershipStatus | undefined {
    const { membership, registryAccess, pins } = this.#records
    if (membership === undefined && registryAccess === undefined && pins.size === 0) return undefined
    const term = this.#term
    return {
      leaving: this.#isLeaving,
      ...(registryAccess === undefined
        ? {}
        : {
            registry: {
              server: registryAccess.server,
              namespace: registryAccess.namespace,
              expiresAt: registryAccess.expiresAt,
              ...term?.registryState(),
            },
          }),
      peers: [...pins.values()].map(pin => ({
        clusterId: pin.clusterId,
        profileUID: pin.profileUID,
        ...(pin.credential === undefined ? {} : { expiresAt: pin.credential.expiresAt }),
        notices: [...this.#notices(pin.clusterId), ...(term?.noticesOf(pin.clusterId) ?? [])],
      })),
      notices: [...this.#otherNotices(), ...(term?.otherNotices() ?? [])],
    }
  }

  /** Why this member is none any more, where its registry says so. */
  get removal(): string | undefined {
    const { membership } = this.#records
    return membership === undefined ? undefined : removalWords(membership)
  }

  /** Peers that are no links, and yet have not left: what they export stays as it was. */
  unreadablePeers(): readonly string[] {
    const { links, staticPeers } = this.#options
    const unlinked = [...this.#records.pins.values()].filter(
      ({ clusterId, departedAt }) =>
        departedAt === undefined && !staticPeers.has(clusterId) && links.get(clusterId) === undefined,
    )
    return [...this.#records.unreadablePeers(), ...unlinked.map(({ clusterId }) => clusterId)]
  }

  #otherNotices(): string[] {
    const { removal } = this
    return [
      ...(removal === undefined ? [] : [removal]),
      ...this.#records.malformed().map(what => `${what} is not well-formed: what it said before counts`),
      ...this.#records.unreadablePeers().map(id => `${id}: ${MALFORMED_PIN}`),
    ]
  }

  #notices(clusterId: string): string[] {
    const notices: string[] = []
    if (this.#options.staticPeers.has(clusterId))
      notices.push('it is given as a peer by hand: what was pinned of it does not count')
    if (this.#records.isMalformed(clusterId)) notices.push(MALFORMED_PIN)
    return notices
  }

  async #link(clusterId: string, signal?: AbortSignal): Promise<Outcome> {
    if (this.#options.staticPeers.has(clusterId)) return done()
    const pin = this.#records.pins.get(clusterId)
    const known = this.#connections.get(clusterId)
    if (pin === undefined || pin.departedAt !== undefined) {
      await this.#drop(clusterId)
      return done()
    }
    if (known !== undefined && known.exchangeNamespace === pin.exchangeNamespace) {
      known.connection.set(pin.access, pin.credential?.token)
      return done()
    }
    await this.#drop(clusterId)
    const { exchangeNamespace, access, credential } = pin
    const connection = new ChangingConnection(
      `cluster ${clusterId}`,
      access,
      credential?.token,
      this.#options.connect,
    )
    this.#connections.set(clusterId, { connection, exchangeNamespace })
    const explain = (error: Error) => this.#explain(clusterId, error)
    const peer = { clusterId, client: connection.client, exchangeNamespace, explain }
    try {
      await this.#options.links.add(peer, signal)
    } catch (error) {
      // Without its link it would be taken for connected when this is tried again.
      this.#connections.delete(clusterId)
      await connection.close()
      throw error
    }
    return done()
  }

  /** Ends the link: what the peer contributed is absent from now on. */
  async #drop(clusterId: string): Promise<void> {
    const known = this.#connections.get(clusterId)
    if (known !== undefined) {
      this.#connections.delete(clusterId)
      this.#dropping.set(clusterId, this.#dropLink(clusterId, known.connection))
    }
    // Whoever forgets it waits for the end of it, whoever began.
    const dropping = this.#dropping.get(clusterId)
    try {
      await dropping
    } finally {
      if (this.#dropping.get(clusterId) === dropping) this.#dropping.delete(clusterId)
    }
  }

  async #dropLink(clusterId: string, connection: ChangingConnection): Promise<void> {
    const removed = this.#options.links.remove(clusterId)
    connection.release()
    await removed
    await this.#options.onDropped(clusterId)
    await connection.close()
  }

  /** The link first: to it, a connection that is closed would be one that failed. */
  async #end(clusterId: string, connection: ChangingConnection): Promise<void> {
    const stopped = this.#options.links.get(clusterId)?.stop()
    connection.release()
    await stopped
    await connection.close()
  }

  #explain(clusterId: string, error: Error): string | undefined {
    const credential = this.#records.pins.get(clusterId)?.credential
    if (!isUnauthorized(error) || credential === undefined) return undefined
    const way = `\`isthmus relink --peer ${clusterId}\` mends it`
    return isExpired(credential, this.#options.clock())
      ? `our token for it expired at ${credential.expiresAt}, as the link was down for too long: ${way}`
      : `its API server does not accept our token any more (401): ${way}`
  }

  /** It is written down; or all that made it a member is gone. */
  async #lookAtLeaving(): Promise<Outcome> {
    const { membership } = this.#records
    if (this.#isLeaving) return done()
    if (membership === undefined && this.#lastRecord === undefined) return done()
    if (membership?.state === 'member') {
      this.#lastRecord = membership
      return done()
    }
    if (membership === undefined && (await this.#hasIdentity())) return requeueAfter(LOOK_AGAIN_MS)
    this.#isLeaving = true
    const { clusterId, clusterset } = membership ?? (this.#lastRecord as MembershipRecord)
    this.#options.onLeaving(`${clusterId} leaves the ClusterSet ${clusterset}: the agent stops for good`)
    return done()
  }

  async #hasIdentity(): Promise<boolean> {
    try {
      await this.#options.client.get(CLUSTER_PROPERTIES, PROPERTY_CLUSTERSET)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }
}
