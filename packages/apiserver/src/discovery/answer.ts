/** Discovery and /version: what there is to ask for. */
import type { Exchange } from '../http/exchange.ts'
import type { Target } from '../http/path.ts'
import { parseAccept } from '../representations/negotiate.ts'
import type { Environment } from '../rest/environment.ts'
import { methodNotAllowed } from '../status/failures.ts'
import { aggregatedDiscovery } from './aggregated.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions, rootPaths } from './legacy.ts'
import { VERSION } from './version.ts'

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** False if the path is none of discovery's. */
export async function answerDiscovery(
  { registry }: Environment,
  target: Target,
  exchange: Exchange,
): Promise<boolean> {
  const document = documentOf(registry, target, exchange)
  if (document === undefined) return false
  // Go's router knows these paths for GET alone; the list of root paths is no part of it.
  if (exchange.method !== 'GET' && exchange.path !== '/') throw methodNotAllowed()
  const wantsAggregated = parseAccept(exchange.header('accept')).some(
    ({ parameters: { as, g, v } }) =>
      as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && v === 'v2',
  )
  if (wantsAggregated && (target.type === 'api' || target.type === 'apis')) {
    exchange.response.setHeader('vary', 'Accept')
    await exchange.send(200, AGGREGATED, JSON.stringify(aggregatedDiscovery(registry, target.type === 'api')))
    return true
  }
  await exchange.send(200, 'application/json', JSON.stringify(document))
  return true
}

function documentOf(
  registry: Environment['registry'],
  target: Target,
  exchange: Exchange,
): object | undefined {
  switch (target.type) {
    case 'api':
      return apiVersions(exchange.header('host') ?? '')
    case 'apis':
      return apiGroupList(registry)
    case 'group':
      return target.group === '' ? undefined : apiGroup(registry, target.group)
    case 'version':
      return apiResourceList(registry, target.group, target.version)
    case 'other':
      if (target.path === '/') return rootPaths(registry)
      return target.path === '/version' ? VERSION : undefined
    default:
      return undefined
  }
}
