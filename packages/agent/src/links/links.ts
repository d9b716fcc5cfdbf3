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
  readonly clock: () => number
  readonly log: Logger
}

/** How long a new sequence may wait to be remembered: a burst of changes is one write. */
const SAVE_AFTER_MS = 5_000

/** The links to all peers, and their memory. */
export class Links {
  readonly #options: LinksOptions
  readonly #memory: LinkMemory
  readonly #links = new Map<string, Link>()
  /** Sequences that are not remembered yet. */
  readonly #unsaved = new Map<string, number>()
  readonly #told = new Map<string, string>()
  #saving: NodeJS.Timeout | undefined

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
  }

  async stop(): Promise<void> {
    await Promise.all([...this].map(link => link.stop()))
    await this.#save()
  }

  [Symbol.iterator](): IterableIterator<Link> {
    return this.#links.values()
  }

  status(): LinkStatus[] {
    return [...this].map(link => link.status())
  }

  #remember(clusterId: string, sequence: number): void {
    this.#unsaved.set(clusterId, sequence)
    this.#saving ??= setTimeout(() => void this.#save(), SAVE_AFTER_MS)
  }

  async #save(): Promise<void> {
    clearTimeout(this.#saving)
    this.#saving = undefined
    for (const [clusterId, sequence] of [...this.#unsaved]) {
      try {
        await this.#memory.save(clusterId, sequence)
        if (this.#unsaved.get(clusterId) === sequence) this.#unsaved.delete(clusterId)
      } catch (error) {
        // The next sequence, or the stop, tries again; until then a restart may accept an index that went back a little.
        this.#options.log.warn(
          { err: error, peer: clusterId },
          'the highest sequence of a link was not saved',
        )
      }
    }
  }

  #tellState(link: Link): void {
    const { clusterId, server, state, reason } = link.status()
    const line = `${state}: ${reason ?? ''}`
    if (this.#told.get(clusterId) === line) return
    this.#told.set(clusterId, line)
    const level = state === 'degraded' || state === 'refused' ? 'warn' : 'info'
    this.#options.log[level]({ peer: clusterId, server, state, reason }, 'link')
  }
}
