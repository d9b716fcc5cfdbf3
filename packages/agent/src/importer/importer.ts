import { SERVICES, type Service } from '@isthmus/api'
import {
  type Contribution,
  derivedServiceName,
  type ExistingImport,
  type ImportedPlan,
  isDerivedService,
  isImportableNamespace,
  type KeptFields,
  type Obstacle,
  obstacleTo,
  planImport,
  readinessOf,
} from '@isthmus/core'
import {
  ApiError,
  done,
  isConflict,
  isNamespaceTerminating,
  type Outcome,
  parseKey,
  retry,
} from '@isthmus/kube'
import type { Logger } from 'pino'
import type { OwnCluster } from '../own/own-cluster.ts'
import { deleteSeen } from '../writes/store-spec.ts'
import {
  type ImportTarget,
  removeImport,
  writeDerivedService,
  writeImportStatus,
  writeServiceImport,
  writeSlices,
} from './write-import.ts'

export interface ImporterOptions {
  readonly own: OwnCluster
  readonly clusterId: string
  /** What every member contributes, this one among them. */
  readonly contributions: (key: string) => ReadonlyMap<string, Contribution>
  readonly supportedFamilies: readonly ('IPv4' | 'IPv6')[]
  readonly kept: KeptFields
  readonly clock: () => number
  readonly log: Logger
}

/** Makes of all records of one service what this cluster serves of it. */
export class Importer {
  readonly #options: ImporterOptions
  /** Names of derived Services to the imports that want them: a user's Service of that name has no label to tell. */
  readonly #wanted = new Map<string, string>()
  /** Imports that something of a user is in the way of, and what. */
  readonly #blocked = new Map<string, string>()

  constructor(options: ImporterOptions) {
    this.#options = options
  }

  /** The import that wants a Service of this key for its derived Service. */
  importWanting(serviceKey: string): string | undefined {
    return this.#wanted.get(serviceKey)
  }

  /** Why an import cannot be made or kept right, by key. */
  get blocked(): ReadonlyMap<string, string> {
    return this.#blocked
  }

  async reconcile(key: string): Promise<Outcome> {
    const { namespace = '', name } = parseKey(key)
    const { own, contributions, supportedFamilies } = this.#options
    // Without the namespace there is nothing to import into; with it gone, the server removes what was there.
    if (!own.hasNamespace(namespace) || !isImportableNamespace(namespace)) return this.#forget(key)
    const { existing, obstacle } = this.#existing(key, namespace, name)
    if (obstacle?.kind === 'ServiceImport') return this.#leaveAlone(key, obstacle.message)
    const plan = planImport({
      namespace,
      name,
      contributions: contributions(key),
      supportedFamilies,
      existing,
    })
    const target = {
      writes: own.writes,
      clusterId: this.#options.clusterId,
      namespace,
      name,
      existing,
      kept: this.#options.kept,
    }
    try {
      switch (plan.kind) {
        case 'nothing':
          return this.#forget(key)
        case 'keep':
          return done()
        case 'remove':
          await removeImport(target)
          return this.#forget(key)
        case 'import':
          this.#wanted.set(`${namespace}/${plan.derivedName}`, key)
          // A headless import has no derived Service that could be in the way of anything.
          return await this.#import(
            key,
            target,
            plan,
            plan.spec.type === 'Headless' ? undefined : obstacle?.message,
          )
      }
    } catch (error) {
      if (isNamespaceTerminating(error)) return done()
      throw error
    }
  }

  async #import(
    key: string,
    target: ImportTarget,
    plan: ImportedPlan,
    obstacle: string | undefined,
  ): Promise<Outcome> {
    const { service, failure } = await this.#serve(target, plan, obstacle)
    const why = obstacle ?? failure?.message
    if (why === undefined) this.#blocked.delete(key)
    else this.#blocked.set(key, why)
    // Promised addresses stay in the ServiceImport also while the Service that had them cannot be made.
    const ips = service?.spec?.clusterIPs ?? target.existing.serviceImport?.spec.ips ?? []
    const serviceImport = await writeServiceImport(target, plan, ips)
    const now = new Date(this.#options.clock()).toISOString().replace(/\.\d+Z$/, 'Z')
    await writeImportStatus(target, serviceImport, plan, readinessOf(plan, why), now)
    return failure === undefined ? done() : retry(failure)
  }

  /** Derived Service and slices. A refusal by the API server is part of the import's status, not its end. */
  async #serve(
    target: ImportTarget,
    plan: ImportedPlan,
    obstacle: string | undefined,
  ): Promise<{ service?: Service; failure?: ApiError }> {
    if (obstacle !== undefined) return {}
    try {
      const service = await writeDerivedService(target, plan)
      await writeSlices(target, plan, service)
      // The import became headless: nothing refers to the Service any more.
      const { derivedService } = target.existing
      if (service === undefined && derivedService !== undefined) {
        await deleteSeen(target.writes, SERVICES, derivedService)
      }
      return service === undefined ? {} : { service }
    } catch (error) {
      if (!(error instanceof ApiError) || isConflict(error) || isNamespaceTerminating(error)) throw error
      return { failure: error }
    }
  }

  #existing(
    key: string,
    namespace: string,
    name: string,
  ): { existing: ExistingImport; obstacle: Obstacle | undefined } {
    const { own } = this.#options
    const derivedName = derivedServiceName(namespace, name)
    const service = own.services.get(`${namespace}/${derivedName}`)
    const serviceImport = own.serviceImports.get(key)
    const obstacle = obstacleTo({ namespace, name, service, serviceImport })
    const existing: ExistingImport = {
      derivedService: isDerivedService(service) ? service : undefined,
      slices: own.slices.byIndex('import', key),
      serviceImport,
    }
    return { existing, obstacle }
  }

  #leaveAlone(key: string, why: string): Outcome {
    if (this.#blocked.get(key) !== why) this.#options.log.warn({ key }, why)
    this.#blocked.set(key, why)
    return done()
  }

  #forget(key: string): Outcome {
    const { namespace = '', name } = parseKey(key)
    this.#blocked.delete(key)
    this.#wanted.delete(`${namespace}/${derivedServiceName(namespace, name)}`)
    return done()
  }
}
