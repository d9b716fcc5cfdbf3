import { EXCHANGE_NAMESPACE } from '@isthmus/api'
import type { HeldClaim } from '@isthmus/core'
import type { Logger } from 'pino'
import { type GatedClient, NotLeadingError } from '../leadership/write-gate.ts'
import type { LinkStatus, PeerOptions, RefusalCount } from '../options.ts'
import { countRefusals } from '../status/refusals.ts'
import { Link } from './link.ts'
import { type LinkMemory, linkMemory } from './link-memory.ts'

export interface LinksOptions {
  readonly peers: readonly PeerOptions[]
  /** Of the member that reads. */
  readonly clusterId: string
  /** Where the links of this member are remembered, by the agent that leads. */
  readonly own: { readonly client: GatedClient; readonly namespace: string }
  readonly onChange: (key: string, flood: boolean) => void
  readonly onEverything: () => void
  /** A peer says, or says no more, that it holds the index of this member. */
  readonly onHeldThere: () => void
  /** A link is in another state than before, or in the same for another reason. */
  readonly onState: (status: LinkStatus) => void
  readonly clock: () => number
  readonly log: Logger
}

/** How long a new sequence may wait to be remembered: a burst of changes is one write. */
const SAVE_AFTER_MS = 5_000
/** How often to look for what nothing tells of: a publisher that has fallen silent. */
const LOOK_EVERY_MS = 10_000

/** The links to all peers, and their memory. */
export class Links {
  readonly #options: LinksOptions
  readonly #memory: LinkMemory
  readonly #links = new Map<string, Link>()
  /** Those of which it is being read what is remembered. */
  readonly #adding = new Map<string, PeerOptions>()
  /** Sequences that are not remembered yet. */
  readonly #unsaved = new Map<string, number>()
  readonly #told = new Map<string, LinkStatus>()
  #saving: NodeJS.Timeout | undefined
  #saved: Promise<void> = Promise.resolve()
  #looking: NodeJS.Timeout | undefined
  /** Only then is anything remembered by this process. */
  #leads = false
  #isStarted = false

  constructor(options: LinksOptions) {
    this.#options = options
    this.#memory = linkMemory(options.own.client, options.own.namespace)
  }

  /** Makes the links to the peers that were given, with what is remembered of them. */
  async load(signal: AbortSignal): Promise<void> {
    for (const peer of this.#options.peers) await this.add(peer, signal)
  }

  /** Links one more peer, from what is remembered of it; one that is linked already stays as it is. */
  async add(peer: PeerOptions, signal?: AbortSignal): Promise<void> {
    const { clusterId, client, exchangeNamespace = EXCHANGE_NAMESPACE, explain } = peer
    this.#adding.set(clusterId, peer)
    const highestSequence = await this.#memory.load(clusterId, signal)
    // It may have left meanwhile, or been added once more.
    if (this.#links.has(clusterId) || this.#adding.get(clusterId) !== peer) return
    this.#adding.delete(clusterId)
    const { clusterId: ownId, onChange, onEverything, onHeldThere, clock } = this.#options
    const link = new Link({
      clusterId,
      ownId,
      client,
      exchangeNamespace,
      explain,
      highestSequence,
      clock,
      onChange,
      onEverything,
      onHeldThere,
      onSequence: sequence => this.#remember(clusterId, sequence),
      onState: () => this.#tellState(link),
    })
    this.#links.set(clusterId, link)
    if (this.#isStarted) link.start()
  }

  /** Of a peer that has left: what it contributed is absent from now on, and nothing of it is remembered any more. */
  async remove(clusterId: string): Promise<void> {
    this.#adding.delete(clusterId)
    const link = this.#links.get(clusterId)
    if (link === undefined) return
    this.#links.delete(clusterId)
    this.#unsaved.delete(clusterId)
    this.#told.delete(clusterId)
    this.#options.onEverything()
    await Promise.all([link.stop(), this.#saved])
  }

  get(clusterId: string): Link | undefined {
    return this.#links.get(clusterId)
  }

  start(): void {
    this.#isStarted = true
    for (const link of this) link.start()
    this.#looking = setInterval(() => {
      for (const link of this) this.#tellState(link)
    }, LOOK_EVERY_MS)
  }

  /** This agent leads from now on: it goes on from what the one before remembered. */
  async recall(signal: AbortSignal): Promise<void> {
    await Promise.all(
      [...this].map(async link => {
        const highestSequence = await this.#memory.load(link.clusterId, signal)
        link.recall(highestSequence)
        const unsaved = this.#unsaved.get(link.clusterId) ?? 0
        if (unsaved <= highestSequence) this.#unsaved.delete(link.clusterId)
      }),
    )
    if (signal.aborted) return
    this.#leads = true
    if (this.#unsaved.size > 0) this.#saveSoon()
  }

  /** It does not lead from now on. What is to be remembered goes on being noted: it may lead again. */
  forgo(): void {
    this.#leads = false
    clearTimeout(this.#saving)
    this.#saving = undefined
  }

  /** Remembers at once what would be remembered a little later. */
  async saveAll(): Promise<void> {
    this.#save()
    await this.#saved
  }

  async stop(): Promise<void> {
    this.forgo()
    clearInterval(this.#looking)
    await Promise.all([...this].map(link => link.stop()))
  }

  [Symbol.iterator](): IterableIterator<Link> {
    return this.#links.values()
  }

  status(): LinkStatus[] {
    return [...this].map(link => link.status())
  }

  /** Members whose index is held here, each with the highest sequence that was seen of it. */
  heldHere(): ReadonlyMap<string, number> {
    return new Map(
      [...this].flatMap(({ clusterId, heldHere }) => (heldHere === undefined ? [] : [[clusterId, heldHere]])),
    )
  }

  /** What peers say of the index of this member, which they hold. */
  heldThere(): readonly HeldClaim[] {
    return [...this].flatMap(({ clusterId, heldThere }) =>
      heldThere === undefined ? [] : [{ clusterId, sequence: heldThere }],
    )
  }

  /** What of their exports is not used, by member and rule. */
  refusals(): readonly RefusalCount[] {
    return countRefusals([...this].map(link => [link.clusterId, link.refusals()] as const))
  }

  #remember(clusterId: string, sequence: number): void {
    if (!this.#links.has(clusterId)) return
    this.#unsaved.set(clusterId, sequence)
    this.#saveSoon()
  }

  #saveSoon(): void {
    if (this.#leads) this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS)
  }

  #save(): void {
    clearTimeout(this.#saving)
    this.#saving = undefined
    this.#saved = this.#saved.then(async () => {
      await Promise.all([...this.#unsaved].map(([id, sequence]) => this.#saveOne(id, sequence)))
    })
  }

  async #saveOne(clusterId: string, sequence: number): Promise<void> {
    try {
      await this.#memory.save(clusterId, sequence)
      if (this.#unsaved.get(clusterId) === sequence) this.#unsaved.delete(clusterId)
    } catch (error) {
      if (error instanceof NotLeadingError) return
      // Until it is, a restart may accept an index that went back a little.
      const why = error instanceof Error ? error.message : String(error)
      this.#options.log.warn({ why, peer: clusterId }, 'the highest sequence of a link was not saved')
      this.#saveSoon()
    }
  }

  #tellState(link: Link): void {
    if (this.#links.get(link.clusterId) !== link) return
    const status = link.status()
    const { clusterId, server, state, reason } = status
    const before = this.#told.get(clusterId)
    if (before?.state === state && before.reason === reason) return
    this.#told.set(clusterId, status)
    // A connection that is cut and then refused is one story.
    const level = before?.state === state ? 'debug' : LEVELS[state]
    this.#options.log[level]({ peer: clusterId, server, state, reason }, 'link')
    this.#options.onState(status)
  }
}

const LEVELS = {
  connecting: 'info',
  connected: 'info',
  degraded: 'warn',
  lost: 'warn',
  refused: 'warn',
} as const
