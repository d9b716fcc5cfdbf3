import { setTimeout as delay } from 'node:timers/promises'
import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition, errorOf } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import {
  type ApplyOptions,
  absentIfNotFound,
  applyPlan,
  type InstallStep,
  type Plan,
  planObjects,
} from './apply-objects.ts'
import { ERRORS } from './errors.ts'
import { type InstallObject, type InstallSelection, installObjects } from './objects.ts'

export type { InstallStep } from './apply-objects.ts'
export { type GivenNamespaces, installedNamespaces, type Namespaces } from './installed-namespaces.ts'
export {
  AGENT_NAME,
  type InstallObject,
  type InstallSelection,
  installObjects,
  READER_NAME,
} from './objects.ts'

export interface InstallOptions extends InstallSelection, ApplyOptions {
  /** How long the API server may take to serve a new kind; default 30 s. */
  establishTimeoutMs?: number | undefined
  /** What was decided already, for the same selection. */
  plan?: Plan | undefined
}

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
  const plan = options.plan ?? (await planObjects(client, stages, options.signal))
  const steps = await applyPlan(client, plan, options)
  if (options.dryRun !== true) await whenEstablished(client, stages[0], options)
  return steps
}

/** Waits until the API server serves these kinds. */
export async function whenEstablished(
  client: ClusterClient,
  definitions: readonly InstallObject[],
  { signal, establishTimeoutMs = ESTABLISH_TIMEOUT_MS }: InstallOptions = {},
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
