/** The subresources of a definition, as both forms of discovery list them. */
import type { ResourceDefinition, Verb } from '../registry/definition.ts'

export interface DiscoveredSubresource {
  readonly name: string
  /** Of the body; undefined group and version are the resource's own. */
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly Verb[]
}

const VIEW: readonly Verb[] = ['get', 'patch', 'update']

/** In order of their names. */
export function subresourcesOf({
  kind,
  status,
  scale,
  views = [],
  connections = [],
}: ResourceDefinition): DiscoveredSubresource[] {
  const found: DiscoveredSubresource[] = [...connections, ...views.map(view => ({ ...view, kind }))]
  if (scale) found.push({ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: VIEW })
  if (status) found.push({ name: 'status', kind, verbs: VIEW })
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}
