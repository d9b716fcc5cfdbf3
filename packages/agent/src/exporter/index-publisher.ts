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
  /** The newest known: what we wrote, until the cache tells of something else. */
  #latest: ExportIndex | undefined
  #named: ReadonlySet<string> = new Set()
  #highestWritten = 0
  #written = false

  constructor(options: IndexPublisherOptions) {
    this.#options = options
  }

  /** The cache has a new version of the index, or it is gone. */
  observe(index: ExportIndex | undefined): void {
    this.#latest = index
    this.#named = new Set(index?.spec.services)
  }

  isNamed(key: string): boolean {
    return this.#named.has(key)
  }

  /** An index, right for what was known then, has been stored or found. */
  get published(): boolean {
    return this.#written
  }

  async reconcile(): Promise<Outcome> {
    const { own, clusterId, published, onWritten, clock } = this.#options
    const stored = this.#latest
    const wanted = new Set([...own.serviceExports.keys()].filter(key => ownExport(own, key)?.validity.valid))
    const spec = nextIndex({
      clusterId,
      stored,
      wanted,
      published: published(),
      highestWritten: this.#highestWritten,
      now: clock(),
    })
    if (spec !== undefined) {
      this.observe(await this.#write(stored, spec))
      this.#highestWritten = spec.sequence
      onWritten(changed(stored?.spec.services ?? [], spec.services))
    }
    this.#written = true
    return done()
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
