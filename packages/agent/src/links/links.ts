import { EXCHANGE_NAMESPACE } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { LinkStatus, PeerOptions } from '../options.ts'
import { Link } from './link.ts'
import { type LinkMemory, linkMemory } from './link-memory.ts'

export interface LinksOptions {
  readonly peers: readonly PeerOptions[]
  /** Where the links of this member are remembered. */
  readonly own: { readonly client: ClusterClient; readonly namespace: string }
  readonly onChange: (key: string) => void
  readonly onEverything: () => void
  /** A link is in another state than before, or in the same for another reason. */
  readonly onState: (status: LinkStatus) => void
  readonly clock: () => number
  readonly log: Logger
}

/** How long a new sequence may wait to be remembered: a burst of changes is one write. */
const SAVE_AFTER_MS = 5_000
/** At the end, an API server that does not answer is not waited for. */
const SAVE_AT_STOP_MS = 3_000
/** How often to look for what nothing tells of: a publisher that has fallen silent. */
const LOOK_EVERY_MS = 10_000

/** The links to all peers, and their memory. */
export class Links {
  readonly #options: LinksOptions
  readonly #memory: LinkMemory
  readonly #links = new Map<string, Link>()
  /** Sequences that are not remembered yet. */
  readonly #unsaved = new Map<string, number>()
  readonly #told = new Map<string, LinkStatus>()
  #saving: NodeJS.Timeout | undefined
  #saved: Promise<void> = Promise.resolve()
  #looking: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: LinksOptions) {
    this.#options = options
    this.#memory = linkMemory(options.own.client, options.own.namespace)
  }

  /** Makes the links, with what is remembered of them. */
  async load(): Promise<void> {
    const { peers, onChange, onEverything, clock } = this.#options
    for (const { clusterId, client, exchangeNamespace = EXCHANGE_NAMESPACE } of peers) {
      const highestSequence = await this.#memory.load(clusterId)
      const link = new Link({
        clusterId,
        client,
        exchangeNamespace,
        highestSequence,
        clock,
        onChange,
        onEverything,
        onSequence: sequence => this.#remember(clusterId, sequence),
        onState: () => this.#tellState(link),
      })
      this.#links.set(clusterId, link)
    }
  }

  start(): void {
    for (const link of this) link.start()
    this.#looking = setInterval(() => {
      for (const link of this) this.#tellState(link)
    }, LOOK_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#looking)
    await Promise.all([...this].map(link => link.stop()))
    this.#save(AbortSignal.timeout(SAVE_AT_STOP_MS))
    await this.#saved
  }

  [Symbol.iterator](): IterableIterator<Link> {
    return this.#links.values()
  }

  status(): LinkStatus[] {
    return [...this].map(link => link.status())
  }

  #remember(clusterId: string, sequence: number): void {
    this.#unsaved.set(clusterId, sequence)
    this.#saveSoon()
  }

  #saveSoon(): void {
    if (!this.#stopped) this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS)
  }

  #save(signal?: AbortSignal): void {
    clearTimeout(this.#saving)
    this.#saving = undefined
    this.#saved = this.#saved.then(async () => {
      await Promise.all([...this.#unsaved].map(([id, sequence]) => this.#saveOne(id, sequence, signal)))
    })
  }

  async #saveOne(clusterId: string, sequence: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#memory.save(clusterId, sequence, signal)
      if (this.#unsaved.get(clusterId) === sequence) this.#unsaved.delete(clusterId)
    } catch (error) {
      // Until it is, a restart may accept an index that went back a little.
      this.#options.log.warn({ err: error, peer: clusterId }, 'the highest sequence of a link was not saved')
      this.#saveSoon()
    }
  }

  #tellState(link: Link): void {
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

const LEVELS = { connecting: 'info', connected: 'info', degraded: 'warn', refused: 'warn' } as const
