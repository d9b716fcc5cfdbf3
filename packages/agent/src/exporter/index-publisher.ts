import { EXPORT_INDEX_NAME, EXPORT_INDEXES, type ExportIndex } from '@isthmus/api'
import { nextIndex } from '@isthmus/core'
import { done, type Outcome } from '@isthmus/kube'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownExport } from '../own/own-exports.ts'

export interface IndexPublisherOptions {
  readonly own: OwnCluster
  readonly clusterId: string
  /** Keys whose record is stored whole. */
  readonly published: () => ReadonlySet<string>
  /** Whether it is known what becomes of the key's record: stored, or refused. Asks again when that changes. */
  readonly isDecided: (key: string) => boolean
  /** An index was written: these keys came into it or left it. */
  readonly onWritten: (changed: readonly string[]) => void
  readonly clock: () => number
}

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
  /** Every export that was there at the start has been looked at. */
  #isComplete = false
  #isPublished = false

  constructor(options: IndexPublisherOptions) {
    this.#options = options
  }

  /** The cache has a new version of the index, or it is gone. */
  observe(index: ExportIndex | undefined): void {
    if (index === this.#observed) return
    this.#observed = index
    this.#named = new Set(index?.spec.services)
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

  async reconcile(): Promise<Outcome> {
    const { own, clusterId, published, isDecided, onWritten, clock } = this.#options
    const stored = own.exportIndex
    const wanted = this.#wanted
    // After a start, what is stored may be wiped or older than what readers saw: an index that named only the
    // records stored so far would withdraw the others.
    this.#isComplete ||= [...wanted].every(isDecided)
    if (!this.#isComplete) return done()
    const spec = nextIndex({
      clusterId,
      stored,
      wanted,
      published: published(),
      highestWritten: Math.max(own.highestSequence, this.#distrusted),
      now: clock(),
    })
    if (spec !== undefined) {
      await this.#write(stored, spec)
      this.observe(own.exportIndex)
      onWritten(changed(stored?.spec.services ?? [], spec.services))
    }
    this.#isPublished = true
    return done()
  }

  #isValid(key: string): boolean {
    return ownExport(this.#options.own, key)?.validity.valid === true
  }

  #write(stored: ExportIndex | undefined, spec: ExportIndex['spec']): Promise<ExportIndex> {
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
