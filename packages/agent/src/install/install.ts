import { setTimeout as delay } from 'node:timers/promises'
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  errorOf,
  type KubernetesObject,
} from '@isthmus/api'
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from '@isthmus/kube'
import { decide, type InstallDecision } from './decide.ts'
import { ERRORS } from './errors.ts'
import { type InstallObject, type InstallSelection, installObjects } from './objects.ts'

export {
  AGENT_NAME,
  type InstallObject,
  type InstallSelection,
  installObjects,
  READER_NAME,
} from './objects.ts'

export interface InstallOptions extends InstallSelection {
  /** Read and decide, write nothing. */
  dryRun?: boolean | undefined
  /** Called once for each object, in order, when it is as it should be. */
  onProgress?: ((step: InstallStep) => void) | undefined
  /** How long the API server may take to serve a new kind; default 30 s. */
  establishTimeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** What became of one object; with `dryRun`, what would. */
export interface InstallStep {
  readonly object: KubernetesObject
  readonly action: 'created' | 'updated' | 'unchanged'
  /** What a person should know of it: `not from Isthmus; it does not keep spec.ipFamilies`. */
  readonly note?: string
}

/** How often an object is decided again when someone else writes it at the same time. */
const ATTEMPTS = 4
const ESTABLISH_TIMEOUT_MS = 30_000
const ESTABLISH_POLL_MS = 25

/**
 * Installs the kinds, namespaces, accounts and permissions that an agent needs, and waits until the API
 * server serves the kinds. Idempotent: where all is as it should be it writes nothing. Nothing is written
 * if anything is refused (an object of someone else's in the way, a CRD that cannot be used).
 *
 * @throws IsthmusError, or the client's errors.
 */
export async function installInto(
  client: ClusterClient,
  options: InstallOptions = {},
): Promise<readonly InstallStep[]> {
  const stages = installObjects(options)
  const decisions = new Map<InstallObject, Decision>()
  await Promise.all(
    stages.flat().map(async item => decisions.set(item, await decideOn(client, item, options.signal))),
  )
  const steps: InstallStep[] = []
  for (const stage of stages) {
    const settled = await Promise.all(stage.map(item => settle(client, item, decisions.get(item), options)))
    for (const step of settled) options.onProgress?.(step)
    steps.push(...settled)
  }
  if (options.dryRun !== true) await whenEstablished(client, stages[0], options)
  return steps
}

type Decision = Exclude<InstallDecision, { kind: 'refuse' }>

/** Reads the object and decides; throws what is refused. */
async function decideOn(
  client: ClusterClient,
  { type, object }: InstallObject,
  signal: AbortSignal | undefined,
): Promise<Decision> {
  const { name = '', namespace } = object.metadata
  const found = await client.get(type, name, namespace, { signal }).catch(absentIfNotFound)
  const decision = decide(object, found)
  if (decision.kind === 'refuse') throw decision.error
  return decision
}

async function settle(
  client: ClusterClient,
  item: InstallObject,
  decided: Decision | undefined,
  { dryRun, signal }: InstallOptions,
): Promise<InstallStep> {
  for (let attempt = 1; ; attempt++) {
    const decision = decided ?? (await decideOn(client, item, signal))
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
      const raced = isAlreadyExists(error) || isConflict(error)
      if (!raced || attempt === ATTEMPTS) throw error
    }
  }
}

async function whenEstablished(
  client: ClusterClient,
  definitions: readonly InstallObject[],
  { signal, establishTimeoutMs = ESTABLISH_TIMEOUT_MS }: InstallOptions,
): Promise<void> {
  const deadline = performance.now() + establishTimeoutMs
  await Promise.all(
    definitions.map(async ({ object }) => {
      const name = object.metadata.name ?? ''
      for (;;) {
        const definition = await client
          .get(CUSTOM_RESOURCE_DEFINITIONS, name, undefined, { signal })
          .catch(absentIfNotFound)
        if (isEstablished(definition)) return
        if (performance.now() >= deadline) {
          const values = { name, seconds: establishTimeoutMs / 1000, reason: whyNot(definition) }
          throw errorOf(ERRORS.notEstablished, values)
        }
        await delay(ESTABLISH_POLL_MS, undefined, signal === undefined ? {} : { signal })
      }
    }),
  )
}

function isEstablished(definition: CustomResourceDefinition | undefined): boolean {
  return (
    definition?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ??
    false
  )
}

function whyNot(definition: CustomResourceDefinition | undefined): string {
  if (definition === undefined) return 'someone deleted it'
  const refusal = definition.status?.conditions?.find(condition => condition.status === 'False')
  return refusal?.message ?? 'its status says nothing yet'
}

function absentIfNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}
