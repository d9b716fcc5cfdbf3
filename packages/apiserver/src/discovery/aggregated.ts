/** Aggregated discovery: all groups, versions and resources in one document of apidiscovery.k8s.io/v2. */
import type { ResourceDefinition } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import { subresourcesOf } from './subresources.ts'

/** Of the core group (`/api`), or of all others (`/apis`). */
export function aggregatedDiscovery(registry: Registry, isCore: boolean): object {
  const groups = registry.groups().filter(group => (group === '') === isCore)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(group => ({
      metadata: group === '' ? {} : { name: group },
      versions: registry.versions(group).map(version => ({
        version,
        resources: registry.resources(group, version).map(resource),
        freshness: 'Current',
      })),
    })),
  }
}

function resource(definition: ResourceDefinition): object {
  const { plural, singular, kind, namespaced, verbs, shortNames, categories } = definition
  const subresources = subresourcesOf(definition).map(({ name, group = '', version = '', kind, verbs }) => ({
    subresource: name,
    responseKind: { group, version, kind },
    verbs: [...verbs].sort(),
  }))
  return {
    resource: plural,
    responseKind: { group: '', version: '', kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}
