import {
  CUSTOM_RESOURCE_DEFINITIONS,
  errorOf,
  LABEL_CLUSTERSET,
  NAMESPACES,
  registryNamespace,
} from '@isthmus/api'
import { isDNSLabel, parseLostMemberRules } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { absentIfNotFound, applyObjects, type InstallStep } from '../../install/apply-objects.ts'
import { customResourceDefinitions } from '../../install/definitions.ts'
import { whenEstablished } from '../../install/install.ts'
import type { InstallObject } from '../../install/objects.ts'
import { ROLES } from '../../install/resource-types.ts'
import { memberRoles, registryObjects } from '../registry-objects.ts'
import { ERRORS } from './errors.ts'
import { listMembers } from './register.ts'

export interface InitOptions {
  /** The API server that is to keep the registry, as an administrator. */
  readonly client: ClusterClient
  readonly clusterset: string
  /** Default: `clusterset-<name>`, or the one that is labelled as its registry already. */
  readonly namespace?: string | undefined
  /** The ClusterSet's, as text: what it does not name is as by default. Default: it stays what it is. */
  readonly lostMemberPolicy?: string | undefined
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
  const { client, clusterset, lostMemberPolicy, onProgress, signal } = options
  checkPolicy(options)
  const namespace = await namespaceFor(options)
  const definitions = registryDefinitions()
  const [namespaces = [], contents = []] = registryObjects(clusterset, namespace, lostMemberPolicy?.trim())
  await applyObjects(client, [definitions, namespaces, contents], { onProgress, signal })
  await whenEstablished(client, definitions, { signal })
  await renewPermissions(namespace, options)
  return { namespace }
}

/**
 * A registry that an earlier version made does not let its members read all that is in it now. Someone may be joining:
 * it is done when it was done for all that are there. Who is leaving has no permissions any more, and gets none.
 */
async function renewPermissions(
  namespace: string,
  { client, onProgress, signal }: InitOptions,
): Promise<void> {
  const list = async () => (await listMembers(client, namespace, signal)).map(({ clusterId }) => clusterId)
  for (let members = await list(), done: typeof members = []; members.join() !== done.join(); ) {
    const { items } = await client.list(ROLES, { namespace, signal })
    const there = new Set(items.map(({ metadata }) => metadata.name))
    const roles = memberRoles(namespace, members).filter(({ object }) => there.has(object.metadata.name))
    await applyObjects(client, [roles], { onProgress, signal })
    done = members
    members = await list()
  }
}

/** Nothing is changed for one that nobody could follow. */
function checkPolicy({ clusterset, lostMemberPolicy = '' }: InitOptions): void {
  const parsed = parseLostMemberRules(lostMemberPolicy)
  if ('rules' in parsed) return
  throw errorOf(ERRORS.initRefused, {
    clusterset,
    reason: `its policy for lost members cannot be read: ${parsed.mistake}`,
    remedy: 'Name what is to be other than by default, such as --lost-member-policy gone=remove:12h.',
  })
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
