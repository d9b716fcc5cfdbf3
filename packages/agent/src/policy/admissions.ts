import { isDeepStrictEqual } from 'node:util'
import { IMPORT_POLICIES, type ImportPolicy } from '@isthmus/api'
import { Admission, ImportRules, type OwnAddresses } from '@isthmus/core'
import { type BackoffOptions, type ClusterClient, Reflector } from '@isthmus/kube'
import type { OwnCluster } from '../own/own-cluster.ts'
import { OwnNetwork } from './own-network.ts'

export interface AdmissionsOptions {
  readonly client: ClusterClient
  readonly own: OwnCluster
  readonly clusterId: string
  readonly agentNamespace: string
  /** Policies, or this cluster's own addresses, are others than before. */
  readonly onChange: () => void
  /** A namespace has other labels, which may matter. */
  readonly onNamespace: (namespace: string) => void
}

const BACKOFF: BackoffOptions = { initialMs: 250, maxMs: 5_000, factor: 2 }

/** What this cluster takes from other members: its ImportPolicies and its own addresses, kept in step. */
export class Admissions {
  readonly #options: AdmissionsOptions
  readonly #policies: Reflector<ImportPolicy>
  readonly #network: OwnNetwork
  readonly #admissions = new Map<string, Admission>()
  #rules: ImportRules | undefined
  #ownAddresses: OwnAddresses | undefined

  constructor(options: AdmissionsOptions) {
    const { client, own, onNamespace } = options
    this.#options = options
    this.#policies = new Reflector({ client, type: IMPORT_POLICIES, backoff: BACKOFF })
    this.#network = new OwnNetwork(client, own, () => {
      this.#ownAddresses = undefined
      this.#changed()
    })
    this.#policies.store.subscribe(() => {
      this.#rules = undefined
      this.#changed()
    })
    own.namespaces.subscribe((key, next, previous) => {
      if (isDeepStrictEqual(next?.metadata.labels, previous?.metadata.labels)) return
      this.#admissions.delete(key)
      if (this.rules.hasSelectors) onNamespace(key)
    })
  }

  start(): void {
    this.#policies.start()
    this.#network.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#policies.stop(), this.#network.stop()])
  }

  /** Before that, nothing may be imported: what is refused is not known. */
  async whenKnown(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#policies.whenSynced(signal), this.#network.whenKnown(signal)])
  }

  /** Why nothing is known yet, as `ready` has to say it. */
  unsynced(): string[] {
    if (this.#policies.synced) return []
    const { error } = this.#policies.state
    return [`importpolicies not listed yet${error === undefined ? '' : `: ${error.message}`}`]
  }

  /** What decides about imports into a namespace, as long as nothing changes. */
  in(namespace: string): Admission {
    const known = this.#admissions.get(namespace)
    if (known !== undefined) return known
    const { own, clusterId, agentNamespace } = this.#options
    this.#ownAddresses ??= this.#network.addresses()
    const admission = new Admission({
      namespace: { name: namespace, labels: own.namespaces.get(namespace)?.metadata.labels ?? {} },
      clusterId,
      ownNamespaces: [agentNamespace, own.exchangeNamespace],
      rules: this.rules,
      ownAddresses: this.#ownAddresses,
    })
    this.#admissions.set(namespace, admission)
    return admission
  }

  get rules(): ImportRules {
    this.#rules ??= new ImportRules(this.#policies.store.list())
    return this.#rules
  }

  #changed(): void {
    this.#admissions.clear()
    this.#options.onChange()
  }
}
