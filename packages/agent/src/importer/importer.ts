import { SERVICE_IMPORTS, SERVICES, type Service, type ServiceImport } from '@isthmus/api'
import {
  type Contribution,
  derivedServiceName,
  type ExistingImport,
  type ImportedPlan,
  isDerivedService,
  type KeptFields,
  type Obstacle,
  obstacleTo,
  planImport,
  readinessOf,
  slicesByName,
} from '@isthmus/core'
import {
  ApiError,
  done,
  isNamespaceTerminating,
  isNotFound,
  type Outcome,
  parseKey,
  requeueAfter,
  retry,
} from '@isthmus/kube'
import type { Logger } from 'pino'
import type { EventContent } from '../events/event.ts'
import type { Recorder } from '../events/event-recorder.ts'
import { StandingNotes } from '../events/standing-notes.ts'
import { type ImportLosses, importLosses, type LostMembersView } from '../lost/import-losses.ts'
import type { RefusalCount } from '../options.ts'
import type { OwnCluster } from '../own/own-cluster.ts'
import type { Admissions } from '../policy/admissions.ts'
import { RefusedHere } from '../policy/refused-here.ts'
import { time } from '../timestamps.ts'
import { isRefusal } from '../writes/refusal.ts'
import { deleteSeen } from '../writes/store-spec.ts'
import { importEvents } from './import-events.ts'
import { importNotes } from './import-notes.ts'
import { MadeObjects } from './made-objects.ts'
import { RefusedImports } from './refused-imports.ts'
import { repairEvents } from './repair-events.ts'
import { RETRY_VALUE_MS, TrafficDistributions } from './traffic-distribution.ts'
import { UnreadGrace } from './unread-grace.ts'
import { whyNotServed } from './why-not-served.ts'
import { Winners } from './winners.ts'
import {
  forgetService,
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
  /** What those of them that are lost are to a service. */
  readonly lost: LostMembersView
  /** What of it may come into this cluster. */
  readonly admissions: Pick<Admissions, 'in'>
  readonly supportedFamilies: readonly ('IPv4' | 'IPv6')[]
  readonly kept: KeptFields
  /** Of labels and annotations, beside those that no member takes. */
  readonly reservedPrefixes?: readonly string[] | undefined
  readonly recorder: Recorder
  /** What a member has in that chunk is stored here, for the first time in this process or anew. */
  readonly onSliceStored: (clusterId: string, chunk: string) => void
  readonly clock: () => number
  readonly log: Logger
}

/** When a name that a user's EndpointSlice has is looked at again. */
const TAKEN_AGAIN_MS = 30_000
/** Makes of all records of one service what this cluster serves of it. */
export class Importer {
  readonly #options: ImporterOptions
  /** Names of derived Services to the imports that want them: a user's Service of that name has no label to tell. */
  readonly #wanted = new Map<string, string>()
  /** Imports that cannot be made or kept right, and why. */
  readonly #blocked = new Map<string, string>()
  readonly #made = new Map<string, MadeObjects>()
  readonly #unread: UnreadGrace
  readonly #trafficDistributions: TrafficDistributions
  readonly #winners = new Winners()
  readonly #foreignImports: StandingNotes
  readonly #refusals: RefusedHere
  readonly #refusedImports: RefusedImports

  constructor(options: ImporterOptions) {
    this.#options = options
    this.#unread = new UnreadGrace(options.clock)
    this.#trafficDistributions = new TrafficDistributions(options.clock)
    this.#foreignImports = new StandingNotes(options.recorder)
    this.#refusals = new RefusedHere(options.own, options.recorder)
    this.#refusedImports = new RefusedImports(options.recorder, options.log)
  }

  /** The import that wants a Service of this key for its derived Service. */
  importWanting(serviceKey: string): string | undefined {
    return this.#wanted.get(serviceKey)
  }

  /** Why an import cannot be made or kept right, by key. */
  get blocked(): ReadonlyMap<string, string> {
    return this.#blocked
  }

  /** How many refusals of policies there are, by member and rule. */
  refusals(): readonly RefusalCount[] {
    return this.#refusals.counts()
  }

  async reconcile(key: string): Promise<Outcome> {
    const { namespace = '', name } = parseKey(key)
    const { own, contributions, supportedFamilies, clusterId, kept } = this.#options
    // Without the namespace there is nothing to import into; with it gone, the server removes what was there.
    if (!own.hasNamespace(namespace)) {
      this.#refusals.forget(key)
      return this.#forget(key)
    }
    const { existing, obstacle, foreign } = this.#existing(key, namespace, name)
    const members = contributions(key)
    const admission = this.#options.admissions.in(namespace)
    const plan = planImport({
      namespace,
      name,
      contributions: members,
      supportedFamilies,
      existing,
      reservedPrefixes: this.#options.reservedPrefixes,
      admission,
    })
    this.#refusals.look(key, plan, members, admission)
    const made = this.#made.get(key) ?? new MadeObjects()
    const known = plan.kind === 'import' ? plan : undefined
    const losses = importLosses(this.#options.lost, key, members.keys(), existing, known)
    const target: ImportTarget = {
      writes: own.writes,
      clusterId,
      namespace,
      name,
      existing,
      kept,
      made,
      heldBack: losses.heldBack,
      onSliceStored: this.#options.onSliceStored,
    }
    try {
      switch (plan.kind) {
        case 'nothing':
          return this.#forget(key)
        case 'keep':
          return done()
        case 'remove':
          this.#record(existing.serviceImport, losses.takeEvents())
          await removeImport(target)
          return this.#forget(key)
        case 'import':
          if (foreign !== undefined) return this.#leaveAlone(key, foreign, obstacle?.message ?? '')
          this.#made.set(key, made)
          this.#wanted.set(`${namespace}/${plan.derivedName}`, key)
          // A headless import has no derived Service that could be in the way of anything.
          return await this.#import(
            key,
            target,
            plan,
            members,
            losses,
            plan.spec.type === 'Headless' ? undefined : obstacle,
          )
      }
    } catch (error) {
      if (isNamespaceTerminating(error)) return done()
      if (isRefusal(error)) this.#refusedImports.refused(key, existing.serviceImport, error)
      throw error
    }
  }

  async #import(
    key: string,
    target: ImportTarget,
    plan: ImportedPlan,
    members: ReadonlyMap<string, Contribution>,
    losses: ImportLosses,
    obstacle: Obstacle | undefined,
  ): Promise<Outcome> {
    const { clock, own } = this.#options
    const { namespace, existing } = target
    const named = slicesByName(namespace, plan, existing.slices, slice =>
      own.slices.get(`${namespace}/${slice}`),
    )
    const slices = { ...target, existing: { ...existing, slices: named.slices } }
    const { service, failure } = await this.#serve(slices, named.plan, obstacle)
    const before = existing.serviceImport?.status?.conditions?.find(({ type }) => type === 'Ready')
    const unread = this.#unread.look(key, plan, members, own.slices.byIndex('import', key), before)
    const inTheWay = obstacle ?? (failure === undefined ? named.obstacle : undefined)
    const why = inTheWay?.message ?? (failure === undefined ? unread.why : whyNotServed(failure, existing))
    this.#note(key, why)
    const notes = importNotes(plan, members, this.#trafficDistributions.leftOut(plan))
    // Promised addresses stay in the ServiceImport also while the Service that had them cannot be made.
    const ips = service?.spec?.clusterIPs ?? existing.serviceImport?.spec.ips ?? []
    const stored = await writeServiceImport(target, plan, ips)
    const readiness = readinessOf(
      plan,
      why,
      notes.map(([, note]) => note),
    )
    // While a member is silent, what was refused of it before is not known to have changed.
    const isAsBefore = plan.frozenBy.length > 0 && readiness.status === 'True' && before?.status === 'True'
    const after = isAsBefore ? { ...readiness, message: before.message } : readiness
    const object = await writeImportStatus(
      target,
      stored,
      plan,
      ips,
      { ready: after, members: losses.condition },
      time(clock()),
    )
    this.#refusedImports.stored(key)
    const isBlocked = inTheWay !== undefined
    const isAwaiting = !isBlocked && failure === undefined && unread.why !== undefined
    const events = [
      ...repairEvents(target.made.takeRepairs()),
      ...importEvents({
        before,
        after,
        isBlocked,
        isAwaiting,
        notes,
        winner: this.#winners.look(key, plan, members, losses.removed),
      }),
      ...losses.takeEvents(),
    ]
    this.#record(object, events)
    if (failure !== undefined) return retry(failure)
    if (unread.lookAgainInMs !== undefined) return requeueAfter(unread.lookAgainInMs)
    // It need not have a label that tells whose place it has.
    if (named.obstacle !== undefined) return requeueAfter(TAKEN_AGAIN_MS)
    return this.#trafficDistributions.leftOut(plan) === undefined ? done() : requeueAfter(RETRY_VALUE_MS)
  }

  /** Derived Service and slices. A refusal by the API server is part of the import's status, not its end. */
  async #serve(
    target: ImportTarget,
    plan: ImportedPlan,
    obstacle: Obstacle | undefined,
  ): Promise<{ service?: Service; failure?: ApiError }> {
    if (obstacle !== undefined) return {}
    try {
      const service = await this.#writeService(target, plan)
      await writeSlices(target, this.#trafficDistributions.servable(plan), service)
      // The import became headless, or is not for our families: nothing refers to the Service any more.
      const { derivedService } = target.existing
      if (service === undefined && derivedService !== undefined) {
        forgetService(target)
        await deleteSeen(target.writes, SERVICES, derivedService)
      }
      return service === undefined ? {} : { service }
    } catch (error) {
      if (!isPartOfStatus(error)) throw error
      return { failure: error }
    }
  }

  /** Without a trafficDistribution that this server does not know, rather than not at all. */
  async #writeService(target: ImportTarget, plan: ImportedPlan): Promise<Service | undefined> {
    const values = this.#trafficDistributions
    const servable = values.servable(plan)
    try {
      const service = await writeDerivedService(target, servable)
      values.observe(servable, service)
      return service
    } catch (error) {
      if (servable.spec.trafficDistribution === undefined || !values.isRefusal(error)) throw error
      values.refuse(servable)
      return writeDerivedService(target, values.servable(plan))
    }
  }

  #existing(
    key: string,
    namespace: string,
    name: string,
  ): { existing: ExistingImport; obstacle: Obstacle | undefined; foreign: ServiceImport | undefined } {
    const { own } = this.#options
    const service = own.services.get(`${namespace}/${derivedServiceName(namespace, name)}`)
    const serviceImport = own.serviceImports.get(key)
    const obstacle = obstacleTo({ namespace, name, service, serviceImport })
    const foreign = obstacle?.kind === 'ServiceImport' ? serviceImport : undefined
    const existing: ExistingImport = {
      derivedService: isDerivedService(service) ? service : undefined,
      slices: own.slices.byIndex('import', key),
      // Never written, nor deleted, nor taken for what the import was.
      serviceImport: foreign === undefined ? serviceImport : undefined,
    }
    return { existing, obstacle, foreign }
  }

  /** What was served before goes on being served. */
  #leaveAlone(key: string, foreign: ServiceImport, why: string): Outcome {
    this.#note(key, why)
    this.#foreignImports.look(
      key,
      '',
      { type: SERVICE_IMPORTS, object: foreign },
      { type: 'Warning', reason: 'NameTaken', action: 'Import', note: why },
    )
    return done()
  }

  #record(object: ServiceImport | undefined, events: readonly EventContent[]): void {
    if (object === undefined) return
    for (const event of events) this.#options.recorder.record({ type: SERVICE_IMPORTS, object }, event)
  }

  #note(key: string, why: string | undefined): void {
    if (why === this.#blocked.get(key)) return
    if (why === undefined) this.#blocked.delete(key)
    else {
      this.#blocked.set(key, why)
      this.#options.log.warn({ key, why }, 'a service is not imported as it should be')
    }
  }

  #forget(key: string): Outcome {
    const { namespace = '', name } = parseKey(key)
    this.#blocked.delete(key)
    this.#made.delete(key)
    this.#winners.forget(key)
    this.#unread.forget(key)
    this.#foreignImports.forget(key)
    this.#refusedImports.forget(key)
    this.#wanted.delete(`${namespace}/${derivedServiceName(namespace, name)}`)
    return done()
  }
}

/** What is about versions, gone, or asks to wait is tried again, and says nothing about the import. */
function isPartOfStatus(error: unknown): error is ApiError {
  if (!(error instanceof ApiError) || isNamespaceTerminating(error) || isNotFound(error)) return false
  return error.code !== 409 && error.code !== 429
}
