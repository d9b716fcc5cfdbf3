import { setTimeout as delay } from 'node:timers/promises'
import {
  CONFIG_MAPS,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type KubernetesObject,
  LABEL_MANAGED_BY,
  LEASES,
  MANAGER,
  MEMBERSHIP_NAME,
  NAMESPACES,
  type ResourceType,
  SECRETS,
} from '@isthmus/api'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../../install/resource-types.ts'
import { deleteAll, isMadeByIsthmus, listIfServed } from './delete-objects.ts'
import { namespaceContents } from './namespace-contents.ts'
import type { RemoveOptions } from './remove-from-cluster.ts'

const POLL_MS = 100
const GONE_TIMEOUT_MS = 60_000

/** In the order in which they are deleted from a namespace that stays; ConfigMaps, with the record, last. */
const KINDS: readonly ResourceType[] = [
  SERVICE_ACCOUNTS,
  ROLE_BINDINGS,
  ROLES,
  EXPORT_INDEXES,
  EXPORTED_SERVICES,
  EXPORTED_ENDPOINTS,
  LEASES,
  SECRETS,
  CONFIG_MAPS,
]

/**
 * Removes a namespace that Isthmus made, unless somebody keeps something in it: then, and from a namespace
 * that was there before, only what is Isthmus's own.
 *
 * @returns what stays, and why
 */
export async function removeNamespace({
  client,
  namespace: name,
  signal,
}: RemoveOptions & { namespace: string }): Promise<string[]> {
  const namespace = await client.get(NAMESPACES, name, undefined, { signal }).catch(absentIfNotFound)
  if (namespace === undefined) return []
  const isTerminating = namespace.metadata.deletionTimestamp !== undefined
  const isOurs = namespace.metadata.labels?.[LABEL_MANAGED_BY] === MANAGER
  if (!isOurs && !isTerminating) {
    await removeOwnObjects(client, name, signal)
    return []
  }
  const foreign = isTerminating ? undefined : await firstForeign({ client, name, signal })
  if (foreign !== undefined) {
    await removeOwnObjects(client, name, signal)
    return [`the namespace ${name} stays: ${foreign.kind} ${foreign.metadata.name} in it is not from Isthmus`]
  }
  if (!isTerminating) await deleteAll(client, NAMESPACES, [namespace], signal)
  const deadline = performance.now() + GONE_TIMEOUT_MS
  for (;;) {
    const found = await client.get(NAMESPACES, name, undefined, { signal }).catch(absentIfNotFound)
    if (found?.metadata.uid !== namespace.metadata.uid) return []
    if (performance.now() > deadline) return [`the namespace ${name} is being deleted, and is not gone yet`]
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal })
  }
}

async function removeOwnObjects(
  client: RemoveOptions['client'],
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const type of KINDS) {
    const objects = (await listIfServed(client, type, { namespace, signal })).filter(isMadeByIsthmus)
    const record = (object: KubernetesObject) =>
      type === CONFIG_MAPS && object.metadata.name === MEMBERSHIP_NAME
    objects.sort((one, other) => Number(record(one)) - Number(record(other)))
    await deleteAll(client, type, objects, signal)
  }
}

interface Place {
  readonly client: RemoveOptions['client']
  readonly name: string
  readonly signal: AbortSignal | undefined
}

/** What a person made, if possible, and not what came of it: the Deployment, not its ReplicaSet. */
async function firstForeign({ client, name, signal }: Place): Promise<KubernetesObject | undefined> {
  let owned: KubernetesObject | undefined
  for await (const object of namespaceContents(client, name, signal)) {
    if (!isForeign(object)) continue
    if (object.metadata.ownerReferences === undefined) return object
    owned ??= object
  }
  return owned
}

/** What every namespace has by itself, and Events, are nobody's. */
function isForeign(object: KubernetesObject): boolean {
  const { kind, metadata } = object
  const isDefault =
    kind === 'Event' ||
    (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt') ||
    (kind === 'ServiceAccount' && metadata.name === 'default')
  return !isDefault && !isMadeByIsthmus(object)
}
