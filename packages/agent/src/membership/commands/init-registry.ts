import {
  CUSTOM_RESOURCE_DEFINITIONS,
  errorOf,
  LABEL_CLUSTERSET,
  NAMESPACES,
  registryNamespace,
} from '@isthmus/api'
import { isDNSLabel } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { absentIfNotFound, applyObjects, type InstallStep } from '../../install/apply-objects.ts'
import { customResourceDefinitions } from '../../install/definitions.ts'
import { whenEstablished } from '../../install/install.ts'
import type { InstallObject } from '../../install/objects.ts'
import { registryObjects } from '../registry-objects.ts'
import { ERRORS } from './errors.ts'

export interface InitOptions {
  /** The API server that is to keep the registry, as an administrator. */
  readonly client: ClusterClient
  readonly clusterset: string
  /** Default: `clusterset-<name>`, or the one that is labelled as its registry already. */
  readonly namespace?: string | undefined
  readonly onProgress?: ((step: InstallStep) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes the registry of a ClusterSet. Idempotent.
 *
 * @returns its namespace
 * @throws IsthmusError ISTHMUS_INIT_REFUSED, of the installation, or the client's errors
 */
export async function initRegistry(options: InitOptions): Promise<{ readonly namespace: string }> {
  const { client, clusterset, onProgress, signal } = options
  const namespace = await namespaceFor(options)
  const definitions = registryDefinitions()
  const [namespaces = [], contents = []] = registryObjects(clusterset, namespace)
  await applyObjects(client, [definitions, namespaces, contents], { onProgress, signal })
  await whenEstablished(client, definitions, { signal })
  return { namespace }
}

/** The one kind that a registry keeps, beside Kubernetes' own. */
export function registryDefinitions(): readonly InstallObject[] {
  return customResourceDefinitions()
    .filter(({ spec }) => spec.names.kind === 'ClusterProfile')
    .map(object => ({ type: CUSTOM_RESOURCE_DEFINITIONS, object }))
}

async function namespaceFor({ client, clusterset, namespace, signal }: InitOptions): Promise<string> {
  const refuse = (reason: string, remedy: string) =>
    errorOf(ERRORS.initRefused, { clusterset, reason, remedy })
  if (!isDNSLabel(clusterset))
    throw refuse(
      'this cannot be its name',
      'Use one RFC 1123 label: lower-case letters, digits and hyphens, at most 63, such as prod.',
    )
  const labelSelector = `${LABEL_CLUSTERSET}=${clusterset}`
  const { items } = await client.list(NAMESPACES, { labelSelector, signal })
  const found = items.map(({ metadata }) => metadata.name ?? '').sort()
  const wanted = namespace ?? found[0] ?? registryNamespace(clusterset)
  const other = found.find(name => name !== wanted)
  if (other !== undefined)
    throw refuse(
      `namespace ${other} is labelled as its registry already`,
      found.includes(wanted)
        ? `Take the label ${LABEL_CLUSTERSET} from the wrong one.`
        : `Leave --namespace away to use ${other}, or take the label ${LABEL_CLUSTERSET} from it.`,
    )
  const there = await client.get(NAMESPACES, wanted, undefined, { signal }).catch(absentIfNotFound)
  const label = there?.metadata.labels?.[LABEL_CLUSTERSET]
  if (there === undefined || label === clusterset) return wanted
  if (label !== undefined)
    throw refuse(`namespace ${wanted} is the registry of ${label}`, 'Name another --namespace.')
  // Someone's own namespace: it becomes the registry only by being named.
  if (namespace === undefined)
    throw refuse(
      `there is a namespace ${wanted} already`,
      `Name it with --namespace ${wanted} if it is to be the registry, or name another.`,
    )
  await client.patch(
    NAMESPACES,
    wanted,
    undefined,
    { metadata: { labels: { [LABEL_CLUSTERSET]: clusterset } } },
    { signal },
  )
  return wanted
}
