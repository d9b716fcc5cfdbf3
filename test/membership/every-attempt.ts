/** Tries every verb on every resource with somebody's credentials. */
import type { KubernetesObject } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'

interface Resource {
  readonly name: string
  readonly namespaced: boolean
}

interface Attempt {
  readonly verb: string
  readonly method: string
  /** On one object by its name, or on all of a kind. */
  readonly onObject: boolean
  readonly query?: string
}

/** Writes are dry runs: what counts is whether the server refuses them as forbidden. */
const ATTEMPTS: readonly Attempt[] = [
  { verb: 'get', method: 'GET', onObject: true },
  { verb: 'update', method: 'PUT', onObject: true, query: '?dryRun=All' },
  { verb: 'patch', method: 'PATCH', onObject: true, query: '?dryRun=All' },
  { verb: 'delete', method: 'DELETE', onObject: true, query: '?dryRun=All' },
  { verb: 'create', method: 'POST', onObject: false, query: '?dryRun=All' },
  { verb: 'list', method: 'GET', onObject: false },
  { verb: 'watch', method: 'GET', onObject: false, query: '?watch=1&timeoutSeconds=1' },
  { verb: 'deletecollection', method: 'DELETE', onObject: false, query: '?dryRun=All' },
]

/** Of no object: whoever may do something with it may do it with all. */
const NOBODY = 'nobody-has-this-name'

/**
 * What is not forbidden, sorted: `verb namespace/resource`, with a name behind it where it is allowed for this
 * name alone. A subresource is named as `resource/subresource`.
 */
export async function everyAttempt(
  client: ClusterClient,
  admin: ClusterClient,
  namespaces: readonly string[],
): Promise<string[]> {
  const allowed = new Set<string>()
  for (const [base, resources] of await discover(admin)) {
    await Promise.all(
      resources.map(async ({ name, namespaced }) => {
        for (const namespace of namespaced ? namespaces : [undefined]) {
          const [plural = '', subresource] = name.split('/')
          const collection = `${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`
          const group = base.startsWith('/apis/') ? `.${base.split('/')[2]}` : ''
          const what = `${namespace === undefined ? '' : `${namespace}/`}${plural}${group}${subresource === undefined ? '' : `/${subresource}`}`
          const names = [NOBODY, ...(await namesIn(admin, collection))]
          for (const { verb, method, onObject, query = '' } of attemptsOn(subresource)) {
            const may = async (path: string) => isAllowed(client, method, path + query)
            if (!onObject && subresource === undefined) {
              if (await may(collection)) allowed.add(`${verb} ${what}`)
              continue
            }
            const below = subresource === undefined ? '' : `/${subresource}`
            const answers = await Promise.all(
              names.map(async object => ({ object, may: await may(`${collection}/${object}${below}`) })),
            )
            const able = answers.filter(answer => answer.may).map(({ object }) => object)
            if (able.includes(NOBODY)) allowed.add(`${verb} ${what}`)
            else for (const object of able) allowed.add(`${verb} ${what} ${object}`)
          }
        }
      }),
    )
  }
  return [...allowed].sort()
}

/** A subresource is always one object's. */
function attemptsOn(subresource: string | undefined): readonly Attempt[] {
  if (subresource === undefined) return ATTEMPTS
  return ATTEMPTS.filter(({ verb }) => ['get', 'update', 'patch', 'create'].includes(verb))
}

async function isAllowed(client: ClusterClient, method: string, path: string): Promise<boolean> {
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const { status } = await client.raw(path, {
    method,
    ...(hasBody ? { body: '{}', headers: { 'content-type': type } } : {}),
  })
  return status !== 401 && status !== 403 && status !== 405
}

/** Each resource once, whatever versions serve it. */
async function discover(admin: ClusterClient): Promise<[base: string, resources: readonly Resource[]][]> {
  const read = async <T>(path: string) => JSON.parse((await admin.raw(path)).body) as T
  const { groups } = await read<{ groups: { versions: { groupVersion: string }[] }[] }>('/apis')
  const versions = groups.flatMap(group => group.versions.map(({ groupVersion }) => `/apis/${groupVersion}`))
  const seen = new Set<string>()
  const found: [base: string, resources: readonly Resource[]][] = []
  for (const base of ['/api/v1', ...versions]) {
    const { resources } = await read<{ resources: Resource[] }>(base)
    const isNew = ({ name }: Resource) => !seen.has(`${base.split('/')[2]} ${name}`)
    found.push([base, resources.filter(isNew)])
    for (const { name } of resources) seen.add(`${base.split('/')[2]} ${name}`)
  }
  return found
}

async function namesIn(admin: ClusterClient, collection: string): Promise<string[]> {
  const { status, body } = await admin.raw(collection)
  if (status !== 200) return []
  return (JSON.parse(body) as { items: KubernetesObject[] }).items.map(({ metadata }) => metadata.name ?? '')
}
