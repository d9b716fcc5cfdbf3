import {
  ANNOTATION_CHANGED_AT,
  apiVersionOf,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportedEndpoints,
  type ExportedService,
} from '@isthmus/api'
import { type ExportRecord, recordName } from '@isthmus/core'
import { done, type Outcome, parseKey, requeueAfter } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownRecord } from '../own/own-exports.ts'
import { isRefusal } from '../writes/refusal.ts'
import { deleteSeen, storeSpec } from '../writes/store-spec.ts'

export interface RecordPublisherOptions {
  readonly own: OwnCluster
  readonly clusterId: string
  /** Whether the stored index names the key. */
  readonly isNamed: (key: string) => boolean
  /** The index may have to change, and the conditions of the export. */
  readonly onDecided: (key: string) => void
  readonly clock: () => number
  readonly log: Logger
}

/** Who says that a change is older than that speaks of another one, or has another clock. */
const CREDIBLE_MS = 60_000
/** When a record that was refused is tried again, if nothing changes: a quota may have been raised. */
const RETRY_REFUSED_MS = 60_000

/**
 * Keeps the record of each export stored in the exchange. Additions go chunks, then service, then index;
 * withdrawals index, then service, then chunks: a reader never sees a name without what it stands for.
 */
export class RecordPublisher {
  readonly #options: RecordPublisherOptions
  /** Keys whose record was stored, or found stored, as it should be. */
  readonly #stored = new Set<string>()
  /** Keys whose record the API server refuses, with its words. */
  readonly #refused = new Map<string, string>()
  /** Keys whose record could not be written yet for another reason, which waiting may remove. */
  readonly #failing = new Set<string>()
  /** When keys that wait to be reconciled changed first. */
  readonly #changedAt = new Map<string, number>()

  constructor(options: RecordPublisherOptions) {
    this.#options = options
  }

  /** Something of the key's export changed, `since` that time or just now: call it before the key is reconciled. */
  changed(key: string, since?: number): void {
    const now = this.#options.clock()
    const isCredible = since !== undefined && since < now && since > now - CREDIBLE_MS
    const at = isCredible ? since : now
    this.#changedAt.set(key, Math.min(this.#changedAt.get(key) ?? at, at))
  }

  get stored(): ReadonlySet<string> {
    return this.#stored
  }

  /** Whether this process knows what becomes of the key's record: stored, or refused. */
  isDecided(key: string): boolean {
    return this.#stored.has(key) || this.#refused.has(key)
  }

  /** Whether it has tried to write the key's record, in vain, and goes on trying. */
  isFailing(key: string): boolean {
    return this.#failing.has(key)
  }

  /** Why the record, as it should be now, is not in the exchange and will not be. */
  refusalOf(key: string): string | undefined {
    return this.#refused.get(key)
  }

  /**
   * Whether a record of the key is in the exchange. Its content may be a change behind; a condition that
   * went to and fro with every endpoint would say nothing.
   */
  isStored(key: string): boolean {
    const { exchangeNamespace, exportedServices } = this.#options.own
    return exportedServices.get(`${exchangeNamespace}/${recordNameOf(key)}`) !== undefined
  }

  async reconcile(key: string): Promise<Outcome> {
    const { own, clusterId, onDecided, log } = this.#options
    const changedAt = this.#changedAt.get(key)
    this.#changedAt.delete(key)
    const record = ownRecord(own, clusterId, key)
    if (record === undefined) return this.#withdraw(key)
    try {
      await this.#publish(key, record, changedAt)
    } catch (error) {
      if (!isRefusal(error)) {
        if (!this.isDecided(key) && !this.#failing.has(key)) {
          this.#failing.add(key)
          onDecided(key)
        }
        throw error
      }
      this.#failing.delete(key)
      if (this.#refused.get(key) !== error.message) {
        this.#refused.set(key, error.message)
        log.warn({ err: error, key }, 'the record of an export is refused')
        onDecided(key)
      }
      return requeueAfter(RETRY_REFUSED_MS)
    }
    this.#failing.delete(key)
    if (this.#refused.delete(key) || !this.#stored.has(key)) {
      this.#stored.add(key)
      onDecided(key)
    }
    return done()
  }

  async #publish(key: string, record: ExportRecord, changedAt: number | undefined): Promise<void> {
    const { writes, exchangeNamespace: namespace, exportedEndpoints, exportedServices } = this.#options.own
    for (const [name, spec] of record.chunks) {
      const existing = exportedEndpoints.get(`${namespace}/${name}`)
      const head = headOf(EXPORTED_ENDPOINTS, namespace, name)
      // Without one, the moment of an earlier change must not stay for this one.
      const annotations: Record<string, string> =
        changedAt === undefined ? {} : { [ANNOTATION_CHANGED_AT]: new Date(changedAt).toISOString() }
      const wanted: ExportedEndpoints = { ...head, metadata: { ...head.metadata, annotations }, spec }
      await storeSpec(writes, EXPORTED_ENDPOINTS, existing, wanted)
    }
    const name = recordNameOf(key)
    const wanted: ExportedService = { ...headOf(EXPORTED_SERVICES, namespace, name), spec: record.spec }
    await storeSpec(writes, EXPORTED_SERVICES, exportedServices.get(`${namespace}/${name}`), wanted)
    for (const chunk of exportedEndpoints.byIndex('service', key)) {
      if (!record.chunks.has(chunk.metadata.name ?? '')) await deleteSeen(writes, EXPORTED_ENDPOINTS, chunk)
    }
  }

  /** The record goes when the index no longer names it; until then, the index has to change first. */
  async #withdraw(key: string): Promise<Outcome> {
    const { own, isNamed, onDecided } = this.#options
    this.#stored.delete(key)
    this.#refused.delete(key)
    this.#failing.delete(key)
    if (isNamed(key)) {
      onDecided(key)
      return done()
    }
    const { writes, exchangeNamespace: namespace, exportedEndpoints, exportedServices } = own
    const record = exportedServices.get(`${namespace}/${recordNameOf(key)}`)
    if (record !== undefined) await deleteSeen(writes, EXPORTED_SERVICES, record)
    for (const chunk of exportedEndpoints.byIndex('service', key)) {
      await deleteSeen(writes, EXPORTED_ENDPOINTS, chunk)
    }
    return done()
  }
}

function recordNameOf(key: string): string {
  const { namespace = '', name } = parseKey(key)
  return recordName(namespace, name)
}

function headOf(type: { group: string; version: string; kind: string }, namespace: string, name: string) {
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { namespace, name } }
}
