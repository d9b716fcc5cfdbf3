/** Discovery document by document: /api, /apis, a group, a version. */
import type { ResourceDefinition } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import { subresourcesOf } from './subresources.ts'

export const apiVersions = (host: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
})

/** What `GET /` lists: where there is something to ask for. */
export function rootPaths(registry: Registry): object {
  const groups = registry.groups().flatMap(group => {
    const root = group === '' ? '/api' : `/apis/${group}`
    return [root, ...registry.versions(group).map(version => `${root}/${version}`)]
  })
  const others = ['/apis', '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/readyz', '/version']
  return { paths: [...groups, ...others].sort() }
}

export const apiGroupList = (registry: Registry): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: registry
    .groups()
    .filter(group => group !== '')
    .map(group => groupFields(registry, group)),
})

export function apiGroup(registry: Registry, group: string): object | undefined {
  if (registry.versions(group).length === 0) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupFields(registry, group) }
}

function groupFields(registry: Registry, group: string) {
  const versions = registry.versions(group).map(version => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions, preferredVersion: versions[0] }
}

export function apiResourceList(registry: Registry, group: string, version: string): object | undefined {
  const definitions = registry.resources(group, version)
  if (definitions.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    // As kube-apiserver: the core group's list has none.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: definitions.flatMap(resourcesOf),
  }
}

function resourcesOf(definition: ResourceDefinition): object[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition
  const resource = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    // Those of custom resources come in the order in which kube-apiserver writes them.
    verbs: definition.custom ? verbs : [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
  const subresources = subresourcesOf(definition).map(({ name, group, version, kind, verbs }) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind,
    verbs: [...verbs].sort(),
  }))
  return [resource, ...subresources]
}
