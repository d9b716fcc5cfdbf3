/** Makes the objects of a cluster what they should be: read, decide, write the difference. */
import type { IsthmusError, KubernetesObject } from '@isthmus/api'
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from '@isthmus/kube'
import { decide, type InstallDecision } from './decide.ts'
import type { InstallObject } from './objects.ts'

export interface ApplyOptions {
  /** Read and decide, write nothing. */
  dryRun?: boolean | undefined
  /** Called once for each object, in order, when it is as it should be. */
  onProgress?: ((step: InstallStep) => void) | undefined
  signal?: AbortSignal | undefined
}

/** What became of one object; with `dryRun`, what would. */
export interface InstallStep {
  readonly object: KubernetesObject
  readonly action: 'created' | 'updated' | 'unchanged'
  /** What a person should know of it: `not from Isthmus; it does not keep spec.ipFamilies`. */
  readonly note?: string
}

/** What is needed of a client. */
export type ApplyingClient = Pick<ClusterClient, 'get' | 'create' | 'update'>

/** Each stage is made when the one before is done. */
export type Stages = readonly (readonly InstallObject[])[]

/** How often an object is decided again when someone else writes it at the same time. */
const ATTEMPTS = 4

/** What is to be done about objects, decided from what was there. */
export interface Plan {
  readonly stages: Stages
  readonly decisions: ReadonlyMap<InstallObject, InstallDecision>
  /** All that stands in the way; nothing is written while there is any. */
  readonly refusals: readonly IsthmusError[]
}

/** Reads, and writes nothing. */
export async function planObjects(
  client: ApplyingClient,
  stages: Stages,
  signal?: AbortSignal,
): Promise<Plan> {
  const items = stages.flat()
  const decided = await inParallel(items, item => decideOn(client, item, signal))
  const decisions = new Map(items.map((item, index) => [item, decided[index] as InstallDecision]))
  const refusals = decided.flatMap(decision => (decision.kind === 'refuse' ? [decision.error] : []))
  return { stages, decisions, refusals }
}

/** What someone else wrote since is decided again. @throws the first refusal, or the client's errors */
export async function applyPlan(
  client: ApplyingClient,
  { stages, decisions, refusals: [refusal] }: Plan,
  options: ApplyOptions = {},
): Promise<readonly InstallStep[]> {
  if (refusal !== undefined) throw refusal
  const steps: InstallStep[] = []
  for (const stage of stages) {
    const settled = await inParallel(stage, item => settle(client, item, decisions.get(item), options))
    for (const step of settled) options.onProgress?.(step)
    steps.push(...settled)
  }
  return steps
}

/**
 * Idempotent: where all is as it should be it writes nothing. Nothing is written if anything is refused.
 *
 * @throws IsthmusError, or the client's errors.
 */
export async function applyObjects(
  client: ApplyingClient,
  stages: Stages,
  options: ApplyOptions = {},
): Promise<readonly InstallStep[]> {
  return applyPlan(client, await planObjects(client, stages, options.signal), options)
}

/** More would each open a connection of their own. */
const LANES = 4

async function inParallel<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await act(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return results
}

async function decideOn(
  client: ApplyingClient,
  { type, object }: InstallObject,
  signal: AbortSignal | undefined,
): Promise<InstallDecision> {
  const { name = '', namespace } = object.metadata
  return decide(object, await client.get(type, name, namespace, { signal }).catch(absentIfNotFound))
}

async function settle(
  client: ApplyingClient,
  item: InstallObject,
  decided: InstallDecision | undefined,
  { dryRun, signal }: ApplyOptions,
): Promise<InstallStep> {
  for (let attempt = 1; ; attempt++) {
    const decision = allowed(decided ?? (await decideOn(client, item, signal)))
    decided = undefined
    if (decision.kind === 'unchanged') {
      return {
        object: item.object,
        action: 'unchanged',
        ...(decision.note === undefined ? {} : { note: decision.note }),
      }
    }
    try {
      if (dryRun !== true) await client[decision.kind](item.type, decision.object, { signal })
      return { object: item.object, action: `${decision.kind}d` }
    } catch (error) {
      if (item.ifNotServed !== undefined && isNotFound(error))
        return { object: item.object, action: 'unchanged', note: item.ifNotServed }
      const raced = isAlreadyExists(error) || isConflict(error)
      if (!raced || attempt === ATTEMPTS) throw error
    }
  }
}

function allowed(decision: InstallDecision): Exclude<InstallDecision, { kind: 'refuse' }> {
  if (decision.kind === 'refuse') throw decision.error
  return decision
}

/** Also while the kind itself is not served: its definition may be one of the objects that are to come. */
export function absentIfNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}
