import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  LABEL_SOURCE_CLUSTER,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceImport,
} from '@isthmus/api'
import {
  desiredSlice,
  type ExistingImport,
  heldBack,
  type ImportedPlan,
  type KeptFields,
  newDerivedService,
  newServiceImport,
  nextImportStatus,
  type PlannedSlice,
  type Readiness,
  released,
  repairedDerivedService,
  repairedServiceImport,
  repairedSlice,
  type WantedCondition,
  withCondition,
} from '@isthmus/core'
import type { Writes } from '../writes/cached-writes.ts'
import { deleteSeen } from '../writes/store-spec.ts'
import type { MadeObjects } from './made-objects.ts'

export interface ImportTarget {
  readonly writes: Writes
  readonly clusterId: string
  readonly namespace: string
  readonly name: string
  readonly existing: ExistingImport
  readonly kept: KeptFields
  readonly made: MadeObjects
  /** Members whose endpoints are written as not ready. */
  readonly heldBack: ReadonlySet<string>
  /** What a member has in that chunk is stored here. */
  readonly onSliceStored: (clusterId: string, chunk: string) => void
}

/** Makes or repairs the derived Service; undefined for a headless import, which has none. */
export async function writeDerivedService(
  target: ImportTarget,
  plan: ImportedPlan,
): Promise<Service | undefined> {
  const { writes, namespace, name, existing, made } = target
  const { derivedService, serviceImport } = existing
  if (plan.spec.type === 'Headless' || plan.unsupported) return undefined
  const what = 'Service'
  const wanted = [JSON.stringify(plan.spec)]
  const isSame = made.isSame(what, wanted)
  if (derivedService !== undefined && made.isSettled(what, wanted, derivedService)) return derivedService
  const repaired =
    derivedService === undefined
      ? undefined
      : repairedDerivedService(derivedService, name, plan, serviceImport)
  const service =
    derivedService === undefined
      ? await writes.create(SERVICES, newDerivedService(namespace, name, plan, serviceImport))
      : repaired === undefined
        ? derivedService
        : await writes.update(SERVICES, repaired)
  made.remember(what, wanted, service)
  if (derivedService === undefined && (isSame || wasServed(serviceImport)))
    made.repaired({ kind: what, name: plan.derivedName, what: 'deleted' })
  else if (repaired !== undefined && isSame)
    made.repaired({ kind: what, name: plan.derivedName, what: 'edited' })
  return service
}

/** What is deleted on purpose was not deleted by somebody. */
export function forgetService({ made }: ImportTarget): void {
  made.forget('Service')
}

/** Makes, repairs and deletes imported slices, several at a time: they do not depend on each other. */
export async function writeSlices(
  target: ImportTarget,
  plan: ImportedPlan,
  derivedService: Service | undefined,
): Promise<void> {
  const { writes, existing, made, heldBack: isNotReady } = target
  const left = new Map(existing.slices.map(slice => [slice.metadata.name ?? '', slice]))
  const pending: (() => Promise<unknown>)[] = []
  const frames = new Map<unknown, string>()
  for (const planned of plan.slices) {
    const stored = left.get(planned.name)
    left.delete(planned.name)
    const frame = frames.get(planned.ports) ?? frameOf(planned, plan, derivedService)
    frames.set(planned.ports, frame)
    const wanted = [
      planned.memberExport.chunks.get(planned.chunk),
      frame,
      isNotReady.has(planned.clusterId) && 'not ready',
    ]
    if (stored !== undefined && made.isSettled(planned.name, wanted, stored)) continue
    pending.push(() => writeSlice(target, plan, planned, derivedService, stored, wanted))
  }
  // Additions first: endpoints that move from one slice to another are in both for a moment, never in none.
  await inParallel(pending)
  await inParallel(keptWrites(target, plan, left.values()))
  const gone = [...left].filter(([sliceName]) => !plan.keptSlices.has(sliceName))
  await inParallel(
    gone.map(([sliceName, slice]) => async () => {
      made.forget(sliceName)
      await deleteSeen(writes, ENDPOINT_SLICES, slice)
    }),
  )
}

/** Slices whose content is not known now stay as they are, but for whether their endpoints are held back. */
function keptWrites(
  { writes, heldBack: isNotReady }: ImportTarget,
  plan: ImportedPlan,
  slices: Iterable<EndpointSlice>,
): (() => Promise<unknown>)[] {
  return [...slices].flatMap(slice => {
    const { name = '', labels } = slice.metadata
    if (!plan.keptSlices.has(name)) return []
    const wanted = isNotReady.has(labels?.[LABEL_SOURCE_CLUSTER] ?? '') ? heldBack(slice) : released(slice)
    return wanted === slice ? [] : [() => writes.update(ENDPOINT_SLICES, wanted)]
  })
}

/** All that a slice is made from, beside the chunk itself. */
function frameOf(planned: PlannedSlice, plan: ImportedPlan, derivedService: Service | undefined): string {
  return JSON.stringify([
    planned.clusterId,
    [...planned.ports].map(([source, { name }]) => [source, name]),
    plan.spec.trafficDistribution,
    derivedService?.metadata.uid,
  ])
}

async function writeSlice(
  { writes, namespace, name, clusterId, made, heldBack: isNotReady, onSliceStored }: ImportTarget,
  plan: ImportedPlan,
  planned: PlannedSlice,
  derivedService: Service | undefined,
  stored: EndpointSlice | undefined,
  wanted: readonly unknown[],
): Promise<void> {
  const isSame = made.isSame(planned.name, wanted)
  const told = desiredSlice(planned, plan, { namespace, name, clusterId, derivedService })
  const desired = isNotReady.has(planned.clusterId) ? heldBack(told) : told
  const repaired = stored === undefined ? desired : repairedSlice(stored, desired)
  if (repaired === undefined) {
    if (stored !== undefined) made.remember(planned.name, wanted, stored)
    return
  }
  const written =
    stored === undefined
      ? await writes.create(ENDPOINT_SLICES, repaired)
      : await writes.update(ENDPOINT_SLICES, repaired)
  made.remember(planned.name, wanted, written)
  if (!isSame) onSliceStored(planned.clusterId, planned.chunk)
  else {
    const what = stored === undefined ? 'deleted' : 'edited'
    made.repaired({ kind: 'EndpointSlice', name: planned.name, what })
  }
}

/** Makes or repairs the ServiceImport. */
export async function writeServiceImport(
  { writes, namespace, name, existing, kept, made }: ImportTarget,
  plan: ImportedPlan,
  ips: readonly string[],
): Promise<ServiceImport> {
  const { serviceImport } = existing
  const what = 'ServiceImport'
  const wanted = wantedOfImport(plan, ips)
  const isSame = made.isSame(what, wanted)
  if (serviceImport !== undefined && made.isSettled(what, wanted, serviceImport)) return serviceImport
  const repaired =
    serviceImport === undefined ? undefined : repairedServiceImport(serviceImport, plan, ips, kept)
  const written =
    serviceImport === undefined
      ? await writes.create(SERVICE_IMPORTS, newServiceImport(namespace, name, plan, ips, kept))
      : repaired === undefined
        ? serviceImport
        : await writes.update(SERVICE_IMPORTS, repaired)
  made.remember(what, wanted, written)
  if (isSame && written !== serviceImport)
    made.repaired({ kind: what, name, what: serviceImport === undefined ? 'deleted' : 'edited' })
  return written
}

/** Answers the ServiceImport as it is then. */
export async function writeImportStatus(
  { writes, kept, made }: ImportTarget,
  serviceImport: ServiceImport,
  plan: ImportedPlan,
  ips: readonly string[],
  { ready, members }: { ready: Readiness; members: WantedCondition | undefined },
  now: string,
): Promise<ServiceImport> {
  const withMembers = withCondition(serviceImport, members, now)
  const isSame = withMembers === serviceImport
  const status =
    nextImportStatus(withMembers, plan, ready, now, kept) ?? (isSame ? undefined : withMembers.status)
  if (status === undefined) return serviceImport
  const written = await writes.updateStatus(SERVICE_IMPORTS, { ...serviceImport, status })
  // The spec is what it was: only the version is another.
  made.remember('ServiceImport', wantedOfImport(plan, ips), written)
  return written
}

function wantedOfImport(plan: ImportedPlan, ips: readonly string[]): [string] {
  const { spec, labels, annotations, refusedClusters } = plan
  return [JSON.stringify([spec, labels, annotations, refusedClusters, ips])]
}

/** The addresses that it promises had a Service: one that is not there now was deleted. */
function wasServed(serviceImport: ServiceImport | undefined): boolean {
  const isReady = serviceImport?.status?.conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )
  return isReady === true && (serviceImport?.spec.ips?.length ?? 0) > 0
}

/** All that an import has here: the reverse of the order in which it was made. */
export async function removeImport({
  writes,
  existing,
}: Pick<ImportTarget, 'writes' | 'existing'>): Promise<void> {
  const { serviceImport, slices, derivedService } = existing
  if (serviceImport !== undefined) await deleteSeen(writes, SERVICE_IMPORTS, serviceImport)
  await inParallel(slices.map(slice => () => deleteSeen<EndpointSlice>(writes, ENDPOINT_SLICES, slice)))
  if (derivedService !== undefined) await deleteSeen(writes, SERVICES, derivedService)
}

const WRITES_AT_ONCE = 4

/** All are tried; the first failure is thrown when the others have ended. */
async function inParallel(writes: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = []
  const queue = writes.values()
  const worker = async () => {
    for (const write of queue) await write().catch(error => failures.push(error))
  }
  await Promise.all(Array.from({ length: Math.min(WRITES_AT_ONCE, writes.length) }, worker))
  if (failures.length > 0) throw failures[0]
}
