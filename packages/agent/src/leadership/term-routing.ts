import type { ExportIndex } from '@isthmus/api'
import type { Controller } from '@isthmus/kube'
import type { IndexPublisher } from '../exporter/index-publisher.ts'
import type { RecordPublisher } from '../exporter/record-publisher.ts'
import type { Importer } from '../importer/importer.ts'
import type { Links } from '../links/links.ts'
import type { OwnCluster } from '../own/own-cluster.ts'
import { routeChanges, servicesKnown } from '../routing.ts'

/** The controllers of a term. Keys are those of services; the index has one key alone. */
export type TermControllers = Readonly<Record<'exports' | 'index' | 'imports' | 'conditions', Controller>>

export interface TermRoutingOptions {
  readonly own: OwnCluster
  readonly links: Links
  readonly controllers: TermControllers
  readonly records: Pick<RecordPublisher, 'changed'>
  readonly index: Pick<IndexPublisher, 'look' | 'lookAtAll' | 'observe'>
  readonly importer: Pick<Importer, 'blocked' | 'importWanting'>
}

export const INDEX_KEY = 'index'
/** Of a key that a member changes faster than others can bear. */
const FLOOD_DELAY_MS = 500
/** A record or an index that somebody deletes is back before it is worth a change of status. */
const STORED_GRACE_MS = 2_000

/** What has to be looked at again after which change, in the own cluster or in another. */
export class TermRouting {
  readonly #options: TermRoutingOptions
  readonly #own: OwnCluster
  readonly #controllers: TermControllers
  readonly #ends: (() => void)[] = []
  #isRunning = false

  constructor(options: TermRoutingOptions) {
    this.#options = options
    this.#own = options.own
    this.#controllers = options.controllers
  }

  /** From now on keys are gathered; nothing is worked on yet. */
  begin(): void {
    const { records, index, importer } = this.#options
    const { exports, imports, conditions, index: exportIndex } = this.#controllers
    const routes = routeChanges(this.#own, {
      exported: (key, since) => {
        records.changed(key, since)
        exports.enqueue(key, { urgent: true })
        // What the index should name depends on the export itself, also when there is no record to store.
        if (index.look(key)) exportIndex.enqueue(INDEX_KEY, { urgent: true })
      },
      // What changes while a key is worked on is mostly that work: a crowd's echoes are no livelier than the crowd.
      imported: key => imports.enqueue(key, { urgent: !imports.queue.isWorkingOn(key) }),
      conditions: key => conditions.enqueue(key, { urgent: true }),
      index: stored => this.#indexSeen(stored),
      stored: (key, isThere) => {
        if (isThere) conditions.enqueue(key)
        else conditions.queue.addAfter(key, STORED_GRACE_MS)
      },
      serviceGone: () => {
        for (const key of importer.blocked.keys()) imports.enqueue(key)
      },
      namespace: namespace => this.namespaceChanged(namespace),
      wantedBy: key => importer.importWanting(key),
    })
    this.#ends.push(
      ...routes,
      this.#own.onRecovery(() => this.#recovered()),
    )
  }

  /** Every list of the own cluster has succeeded: all that it has anything of is looked at. */
  run(): void {
    this.#reconcileAll()
    this.#isRunning = true
  }

  end(): void {
    for (const end of this.#ends) end()
  }

  /** What a member contributes to the service may have changed; in a flood of changes, several are looked at as one. */
  memberChanged(key: string, flood = false): void {
    const { imports, conditions } = this.#controllers
    if (flood) {
      for (const { queue } of [imports, conditions]) queue.addAfter(key, FLOOD_DELAY_MS)
      return
    }
    // What is in use here goes ahead of what is new: a member that joins with a thousand services can wait.
    const urgent = this.#own.serviceImports.get(key) !== undefined
    imports.enqueue(key, { urgent })
    if (this.#own.serviceExports.get(key) !== undefined) conditions.enqueue(key, { urgent: true })
  }

  /** What members contribute to any service may have changed. */
  everythingChanged(): void {
    for (const key of this.#keys()) this.#controllers.imports.enqueue(key)
    for (const key of this.#own.serviceExports.keys()) this.#controllers.conditions.enqueue(key)
  }

  /** What peers say of the index of this member, which they hold, is something else. */
  heldThereChanged(): void {
    this.#controllers.index.enqueue(INDEX_KEY)
  }

  /** A namespace came, went, or has other labels that matter. */
  namespaceChanged(namespace: string): void {
    // Until it runs, all is looked at anyway once everything is listed.
    if (!this.#isRunning) return
    for (const key of this.#keys())
      if (key.startsWith(`${namespace}/`)) this.#controllers.imports.enqueue(key, { urgent: true })
    // Made again after it was deleted: what has been tried in vain since is tried at once.
    if (namespace === this.#own.exchangeNamespace && this.#own.hasNamespace(namespace)) this.#recovered()
  }

  /** What was in the way may be gone. */
  #recovered(): void {
    for (const { queue } of Object.values(this.#controllers)) queue.forgetAll()
    this.#reconcileAll()
  }

  #reconcileAll(): void {
    const { exports, conditions, index } = this.#controllers
    for (const key of servicesKnown(this.#own)) {
      exports.enqueue(key)
      conditions.enqueue(key)
    }
    this.everythingChanged()
    this.#options.index.lookAtAll()
    index.enqueue(INDEX_KEY)
  }

  #indexSeen(stored: ExportIndex | undefined): void {
    const { conditions, index } = this.#controllers
    this.#options.index.observe(stored)
    index.enqueue(INDEX_KEY)
    if (stored !== undefined) return
    for (const key of this.#own.serviceExports.keys()) conditions.queue.addAfter(key, STORED_GRACE_MS)
  }

  /** Of all services that this cluster or a peer has anything of. */
  #keys(): Set<string> {
    const keys = servicesKnown(this.#own)
    for (const link of this.#options.links) for (const key of link.services()) keys.add(key)
    return keys
  }
}
