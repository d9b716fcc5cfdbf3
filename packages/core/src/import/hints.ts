import type { EndpointHints, ExportedEndpoint } from '@isthmus/api'

/**
 * Hints for an imported endpoint. kube-proxy heeds hints only when every ready endpoint of the Service has
 * one, so an endpoint of an unknown zone or node gets one too: of a zone, or node, that no node has.
 */
export function hintsFor(
  trafficDistribution: string | undefined,
  endpoint: ExportedEndpoint,
  clusterId: string,
  own: boolean,
): EndpointHints | undefined {
  switch (trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return { forZones: [{ name: endpoint.zone ?? zoneOfNoNode(clusterId) }] }
    case 'PreferSameNode':
      // A foreign node may bear the name of one of ours.
      return {
        forNodes: [
          { name: own && endpoint.nodeName !== undefined ? endpoint.nodeName : `remote.${clusterId}` },
        ],
      }
    default:
      return undefined
  }
}

/** The name of a zone is a label value, of at most 63 characters: a cluster id may have as many. */
function zoneOfNoNode(clusterId: string): string {
  return `unknown.${clusterId}`.slice(0, 63).replace(/-+$/, '')
}
