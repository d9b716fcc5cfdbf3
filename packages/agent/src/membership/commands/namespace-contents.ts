/** What is in a namespace, of every kind that the server has. */
import type { KubernetesObject, ResourceType } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'

interface APIResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs?: readonly string[]
}

interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** Asks one after the other: that there are many kinds is no reason for a burst. */
export async function* namespaceContents(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<KubernetesObject> {
  for (const type of await listableTypes(client, signal)) {
    const path = `${pathOf(type)}/namespaces/${namespace}/${type.plural}`
    const { status, body } = await client.raw(path, { signal })
    // A kind that goes away meanwhile has no objects; one that may not be read hides none that we made.
    if (status !== 200) continue
    for (const object of (JSON.parse(body) as { items: KubernetesObject[] }).items)
      yield { ...object, kind: type.kind }
  }
}

/** Each once, in the version that the server prefers of those that have it. */
async function listableTypes(
  client: ClusterClient,
  signal: AbortSignal | undefined,
): Promise<readonly ResourceType[]> {
  const types = new Map<string, ResourceType>()
  for (const groupVersion of await groupVersions(client, signal)) {
    const { status, body } = await client.raw(pathOf(groupVersion), { signal })
    if (status !== 200) continue
    const { resources } = JSON.parse(body) as { resources: APIResource[] }
    for (const { name, kind, namespaced, verbs = [] } of resources) {
      const key = `${groupVersion.group}/${name}`
      const isListed = namespaced && verbs.includes('list') && !name.includes('/')
      if (isListed && !types.has(key)) types.set(key, { ...groupVersion, plural: name, kind, namespaced })
    }
  }
  return [...types.values()]
}

interface APIGroup {
  readonly name: string
  readonly preferredVersion: { readonly version: string }
  readonly versions: readonly { readonly version: string }[]
}

async function groupVersions(
  client: ClusterClient,
  signal: AbortSignal | undefined,
): Promise<readonly GroupVersion[]> {
  const { body } = await client.raw('/apis', { signal })
  const { groups } = JSON.parse(body) as { groups: APIGroup[] }
  const ofGroup = ({ name, preferredVersion, versions }: APIGroup) =>
    [preferredVersion, ...versions].map(({ version }) => ({ group: name, version }))
  return [{ group: '', version: 'v1' }, ...groups.flatMap(ofGroup)]
}

function pathOf({ group, version }: GroupVersion): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}
