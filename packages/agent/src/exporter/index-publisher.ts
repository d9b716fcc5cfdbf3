import { setTimeout as sleep } from 'node:timers/promises'
import { EXPORT_INDEX_NAME, EXPORT_INDEXES, type ExportIndex } from '@isthmus/api'
import { type HeldClaim, type HeldVerdict, heedHeld, nextIndex } from '@isthmus/core'
import { done, type Outcome, requeueAfter } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownExport } from '../own/own-exports.ts'
import { ForeignIndex } from './foreign-index.ts'

export interface IndexPublisherOptions {
  readonly own: OwnCluster
  readonly clusterId: string
  /** Keys whose record is stored whole. */
  readonly published: () => ReadonlySet<string>
  /** Whether it is known what becomes of the key's record: stored, or refused. Asks again when that changes. */
  readonly isDecided: (key: string) => boolean
  /** Whether it was tried in vain to store the key's record, and is tried again. */
  readonly isFailing: (key: string) => boolean
  /** What peers say of the index, which they hold. */
  readonly claims: () => readonly HeldClaim[]
  /** An index was written: these keys came into it or left it. */
  readonly onWritten: (changed: readonly string[]) => void
  readonly clock: () => number
  readonly log: Pick<Logger, 'warn'>
}

/** Between two writes: of many changes in a row the first is told at once, and the others together. */
const PAUSE_MS = 75

/**
 * Keeps the one ExportIndex: what it omits is withdrawn, so it is only ever computed from caches that
 * have all been listed. Started after that.
 */
export class IndexPublisher {
  readonly #options: IndexPublisherOptions
  #observed: ExportIndex | undefined
  /** Keys of all valid exports, kept as they change: looking at each for every change would take too long. */
  #wanted = new Set<string>()
  #named: ReadonlySet<string> = new Set()
  /** Readers may have seen indexes up to that one, though none is known here. */
  #distrusted = 0
  readonly #foreign = new ForeignIndex()
  /** Of the last index that this process wrote, or tried to. */
  #ownSequence = 0
  #writtenAt = Number.NEGATIVE_INFINITY
  /** When it was last written for the sake of a peer that held it. */
  readonly #heededAt = new Map<string, number>()
  /** Every export that was there at the start has been looked at. */
  #isComplete = false
  /** Those of them of which it is not known yet what becomes of their records: readers may know them. */
  #unsure: ReadonlySet<string> = new Set()
  #isPublished = false

  constructor(options: IndexPublisherOptions) {
    this.#options = options
  }

  /** Every list has succeeded: what is stored now is what the work begins with, whoever wrote it. */
  begin(): void {
    this.observe(this.#options.own.exportIndex)
    this.#foreign.forget()
    this.lookAtAll()
  }

  /** The cache has a new version of the index, or it is gone. */
  observe(index: ExportIndex | undefined): void {
    if (index === this.#observed) return
    this.#observed = index
    this.#named = new Set(index?.spec.services)
    if (index !== undefined && index.spec.sequence !== this.#ownSequence)
      this.#foreign.seen(performance.now())
  }

  /** The export of the key may have come, gone, or become valid or not. Answers whether the index has to change. */
  look(key: string): boolean {
    const isWanted = this.#isValid(key)
    if (isWanted === this.#wanted.has(key)) return false
    if (isWanted) this.#wanted.add(key)
    else this.#wanted.delete(key)
    return true
  }

  /** Looks at all exports anew. */
  lookAtAll(): void {
    this.#wanted = new Set([...this.#options.own.serviceExports.keys()].filter(key => this.#isValid(key)))
  }

  /**
   * The stored index may be older than what readers saw, and they would hold it for ever: it is written
   * above anything that they can have seen.
   */
  distrustStored(): void {
    const { sequence } = this.#options.own.exportIndex?.spec ?? {}
    if (sequence !== undefined) this.#distrusted = sequence + 1
  }

  isNamed(key: string): boolean {
    return this.#named.has(key)
  }

  /** An index, right for what was known then, has been stored or found. */
  get published(): boolean {
    return this.#isPublished
  }

  /** Why what is published is not all that was there when this process began: a line each. */
  failing(): string[] {
    return [...this.#unsure].map(key => `the record of ${key} could not be written yet; it is tried again`)
  }

  async reconcile(signal: AbortSignal): Promise<Outcome> {
    const { own, onWritten } = this.#options
    this.#completeStart()
    if (!this.#isComplete) return done()
    if (this.#next(this.#heedHeld()) !== undefined) await this.#pause(signal)
    const stored = own.exportIndex
    const held = this.#heedHeld()
    const spec = this.#next(held)
    if (spec !== undefined) {
      const graceMs = this.#graceMs(stored, held)
      if (graceMs > 0) return requeueAfter(graceMs)
      await this.#write(stored, spec)
      this.#heeded(held, spec.sequence)
      this.observe(own.exportIndex)
      onWritten(changed(stored?.spec.services ?? [], spec.services))
    }
    this.#isPublished = true
    return held.againInMs === undefined ? done() : requeueAfter(held.againInMs)
  }

  /**
   * After a start, what is stored may be wiped or older than what readers saw: an index that named only the
   * records stored so far would withdraw the others. So all are looked at first; and those that cannot be
   * written are named without: a reader who knows such a service keeps what it knows, and one who does not waits.
   */
  #completeStart(): void {
    const { isDecided, isFailing } = this.#options
    if (!this.#isComplete) {
      const open = [...this.#wanted].filter(key => !isDecided(key))
      if (!open.every(isFailing)) return
      this.#isComplete = true
      this.#unsure = new Set(open)
    } else if (this.#unsure.size > 0) {
      this.#unsure = new Set([...this.#unsure].filter(key => this.#wanted.has(key) && !isDecided(key)))
    }
  }

  /** The index that should be there instead of the one that is. */
  #next({ above }: HeldVerdict): ExportIndex['spec'] | undefined {
    const { own, clusterId, published, clock } = this.#options
    return nextIndex({
      clusterId,
      stored: own.exportIndex,
      wanted: this.#wanted,
      published: this.#unsure.size === 0 ? published() : published().union(this.#unsure),
      highestWritten: Math.max(this.#highestSequence, above),
      now: clock(),
    })
  }

  #heedHeld(): HeldVerdict {
    const { claims, clock } = this.#options
    const now = performance.now()
    return heedHeld({
      claims: claims(),
      known: this.#highestSequence,
      now: clock(),
      heededAgo: clusterId => {
        const at = this.#heededAt.get(clusterId)
        return at === undefined ? undefined : now - at
      },
    })
  }

  #heeded({ heeded, above }: HeldVerdict, sequence: number): void {
    if (heeded.length === 0) return
    for (const clusterId of heeded) this.#heededAt.set(clusterId, performance.now())
    this.#options.log.warn(
      { peers: heeded, seen: above, sequence },
      'peers have seen a higher index of this cluster, and held this one: it was written anew',
    )
  }

  get #highestSequence(): number {
    return Math.max(this.#options.own.highestSequence, this.#distrusted)
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const ms = this.#writtenAt + PAUSE_MS - performance.now()
    if (ms > 0) await sleep(ms, undefined, { signal })
  }

  /** One that went back, or is gone, is put right at once: readers hold it. */
  #graceMs(stored: ExportIndex | undefined, { above }: HeldVerdict): number {
    if (stored === undefined || stored.spec.sequence < Math.max(this.#highestSequence, above)) return 0
    return this.#foreign.graceMs(performance.now())
  }

  #isValid(key: string): boolean {
    return ownExport(this.#options.own, key)?.validity.valid === true
  }

  async #write(stored: ExportIndex | undefined, spec: ExportIndex['spec']): Promise<void> {
    const isOverruled = stored !== undefined && stored.spec.sequence !== this.#ownSequence
    const before = this.#ownSequence
    // Before it is written: the watch may tell of it before the answer comes.
    this.#ownSequence = spec.sequence
    try {
      await this.#store(stored, spec)
    } catch (error) {
      this.#ownSequence = before
      // Another one computed the same sequence from the same index, and was quicker.
      if (this.#observed?.spec.sequence === spec.sequence) this.#foreign.seen(performance.now())
      throw error
    }
    this.#writtenAt = performance.now()
    if (isOverruled && this.#foreign.overrule())
      this.#options.log.warn(
        { sequence: stored.spec.sequence, services: stored.spec.services.length },
        'another process wrote the index of this cluster, with other services: it was written anew',
      )
  }

  #store(stored: ExportIndex | undefined, spec: ExportIndex['spec']): Promise<ExportIndex> {
    const { writes, exchangeNamespace: namespace } = this.#options.own
    const head = { apiVersion: 'isthmus.dev/v1alpha1', kind: 'ExportIndex' }
    return stored === undefined
      ? writes.create(EXPORT_INDEXES, { ...head, metadata: { namespace, name: EXPORT_INDEX_NAME }, spec })
      : writes.update(EXPORT_INDEXES, { ...head, metadata: stored.metadata, spec })
  }
}

function changed(before: readonly string[], after: readonly string[]): readonly string[] {
  const old = new Set(before)
  const now = new Set(after)
  return [...before.filter(key => !now.has(key)), ...after.filter(key => !old.has(key))]
}
