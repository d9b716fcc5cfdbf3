import { isDeepStrictEqual } from 'node:util'
import {
  apiVersionOf,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportedEndpoints,
  type ExportedService,
} from '@isthmus/api'
import { type ExportRecord, recordName } from '@isthmus/core'
import { done, type Outcome, parseKey } from '@isthmus/kube'
import type { OwnCluster } from '../own/own-cluster.ts'
import { ownRecord } from '../own/own-exports.ts'
import { deleteSeen, storeSpec } from '../writes/store-spec.ts'

/**
 * Keeps the record of each export stored in the exchange. Additions go chunks, then service, then index;
 * withdrawals index, then service, then chunks: a reader never sees a name without what it stands for.
 */
export class RecordPublisher {
  readonly #own: OwnCluster
  readonly #onStored: (key: string) => void
  readonly #isNamed: (key: string) => boolean
  /** Keys whose record was stored, or found stored, as it should be. */
  readonly #stored = new Set<string>()

  /** `isNamed`: whether the stored index names the key; `onStored`: the index may have to change. */
  constructor(own: OwnCluster, isNamed: (key: string) => boolean, onStored: (key: string) => void) {
    this.#own = own
    this.#isNamed = isNamed
    this.#onStored = onStored
  }

  get stored(): ReadonlySet<string> {
    return this.#stored
  }

  /**
   * Whether a record of the key is in the exchange. Its content may be a change behind; a condition that
   * went to and fro with every endpoint would say nothing.
   */
  isStored(key: string): boolean {
    const { exchangeNamespace, exportedServices } = this.#own
    return (
      this.#stored.has(key) || exportedServices.get(`${exchangeNamespace}/${recordNameOf(key)}`) !== undefined
    )
  }

  async reconcile(key: string): Promise<Outcome> {
    const record = ownRecord(this.#own, key)
    if (record === undefined) return this.#withdraw(key)
    await this.#publish(key, record)
    if (!this.#stored.has(key)) {
      this.#stored.add(key)
      this.#onStored(key)
    }
    return done()
  }

  async #publish(key: string, record: ExportRecord): Promise<void> {
    const { writes, exchangeNamespace: namespace, exportedEndpoints } = this.#own
    for (const [name, spec] of record.chunks) {
      const existing = exportedEndpoints.get(`${namespace}/${name}`)
      const wanted: ExportedEndpoints = { ...headOf(EXPORTED_ENDPOINTS, namespace, name), spec }
      await storeSpec(writes, EXPORTED_ENDPOINTS, existing, wanted, isDeepStrictEqual)
    }
    const name = recordNameOf(key)
    const wanted: ExportedService = { ...headOf(EXPORTED_SERVICES, namespace, name), spec: record.spec }
    const existing = this.#own.exportedServices.get(`${namespace}/${name}`)
    await storeSpec(writes, EXPORTED_SERVICES, existing, wanted, isDeepStrictEqual)
    for (const chunk of exportedEndpoints.byIndex('service', key)) {
      if (!record.chunks.has(chunk.metadata.name ?? '')) await deleteSeen(writes, EXPORTED_ENDPOINTS, chunk)
    }
  }

  /** The record goes when the index no longer names it; until then, the index has to change first. */
  async #withdraw(key: string): Promise<Outcome> {
    this.#stored.delete(key)
    if (this.#isNamed(key)) {
      this.#onStored(key)
      return done()
    }
    const { writes, exchangeNamespace: namespace, exportedEndpoints, exportedServices } = this.#own
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
