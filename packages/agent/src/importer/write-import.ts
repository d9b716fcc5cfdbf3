import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceImport,
} from '@isthmus/api'
import {
  desiredSlice,
  type ExistingImport,
  type ImportedPlan,
  type KeptFields,
  newDerivedService,
  newServiceImport,
  nextImportStatus,
  type Readiness,
  repairedDerivedService,
  repairedServiceImport,
  repairedSlice,
} from '@isthmus/core'
import type { Writes } from '../writes/cached-writes.ts'
import { deleteSeen } from '../writes/store-spec.ts'

export interface ImportTarget {
  readonly writes: Writes
  readonly clusterId: string
  readonly namespace: string
  readonly name: string
  readonly existing: ExistingImport
  readonly kept: KeptFields
}

/** Makes or repairs the derived Service; undefined for a headless import, which has none. */
export async function writeDerivedService(
  target: ImportTarget,
  plan: ImportedPlan,
): Promise<Service | undefined> {
  const { writes, namespace, name, existing } = target
  if (plan.spec.type === 'Headless' || plan.unsupported) return undefined
  if (existing.derivedService === undefined) {
    return writes.create(SERVICES, newDerivedService(namespace, name, plan, existing.serviceImport))
  }
  const repaired = repairedDerivedService(existing.derivedService, name, plan)
  return repaired === undefined ? existing.derivedService : writes.update(SERVICES, repaired)
}

/** Makes, repairs and deletes imported slices, several at a time: they do not depend on each other. */
export async function writeSlices(
  target: ImportTarget,
  plan: ImportedPlan,
  derivedService: Service | undefined,
): Promise<void> {
  const { writes, clusterId, namespace, name, existing } = target
  const left = new Map(existing.slices.map(slice => [slice.metadata.name ?? '', slice]))
  const pending: (() => Promise<unknown>)[] = []
  for (const planned of plan.slices) {
    const desired = desiredSlice(planned, plan, { namespace, name, clusterId, derivedService })
    const stored = left.get(planned.name)
    left.delete(planned.name)
    if (stored === undefined) {
      pending.push(() => writes.create(ENDPOINT_SLICES, desired))
      continue
    }
    const repaired = repairedSlice(stored, desired)
    if (repaired !== undefined) pending.push(() => writes.update(ENDPOINT_SLICES, repaired))
  }
  // Additions first: endpoints that move from one slice to another are in both for a moment, never in none.
  await inParallel(pending)
  const gone = [...left].filter(([sliceName]) => !plan.keptSlices.has(sliceName))
  await inParallel(
    gone.map(
      ([, slice]) =>
        () =>
          deleteSeen(writes, ENDPOINT_SLICES, slice),
    ),
  )
}

/** Makes or repairs the ServiceImport. */
export async function writeServiceImport(
  { writes, namespace, name, existing, kept }: ImportTarget,
  plan: ImportedPlan,
  ips: readonly string[],
): Promise<ServiceImport> {
  const { serviceImport } = existing
  if (serviceImport === undefined) {
    return writes.create(SERVICE_IMPORTS, newServiceImport(namespace, name, plan, ips, kept))
  }
  const repaired = repairedServiceImport(serviceImport, plan, ips, kept)
  return repaired === undefined ? serviceImport : writes.update(SERVICE_IMPORTS, repaired)
}

export async function writeImportStatus(
  { writes, kept }: ImportTarget,
  serviceImport: ServiceImport,
  plan: Pick<ImportedPlan, 'clusters'>,
  ready: Readiness,
  now: string,
): Promise<void> {
  const status = nextImportStatus(serviceImport, plan, ready, now, kept)
  if (status !== undefined) await writes.updateStatus(SERVICE_IMPORTS, { ...serviceImport, status })
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
