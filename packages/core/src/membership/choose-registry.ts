/** Which namespace of an API server is the registry that is meant. */
import { LABEL_CLUSTERSET, type Namespace } from '@isthmus/api'
import type { Problem } from './join-facts.ts'

export interface RegistryChoice {
  readonly clusterset: string
  readonly namespace: string
}

/** @param asked the ClusterSet by name; needed only where there are several */
export function chooseRegistry(
  namespaces: readonly Namespace[],
  asked: string | undefined,
): RegistryChoice | Problem {
  const found = namespaces.flatMap(({ metadata: { name = '', labels, deletionTimestamp } }) => {
    const clusterset = labels?.[LABEL_CLUSTERSET]
    return clusterset === undefined || deletionTimestamp !== undefined
      ? []
      : [{ clusterset, namespace: name }]
  })
  const matching = asked === undefined ? found : found.filter(({ clusterset }) => clusterset === asked)
  const [only, second] = matching
  if (only === undefined) return missing(found, asked)
  if (second === undefined) return only
  const sets = [...new Set(matching.map(({ clusterset }) => clusterset))].sort()
  if (sets.length > 1) {
    const message = `there are several ClusterSets in it: ${sets.join(', ')}`
    return { reason: 'SeveralClusterSets', message, remedy: 'Say which with --clusterset.' }
  }
  const where = matching.map(({ namespace }) => namespace).sort()
  const message = `the namespaces ${where.join(' and ')} are both labelled as the registry of ${sets[0]}`
  return {
    reason: 'RegistryAmbiguous',
    message,
    remedy: `Take the label ${LABEL_CLUSTERSET} from the wrong one.`,
  }
}

function missing(found: readonly RegistryChoice[], asked: string | undefined): Problem {
  const others = found.map(({ clusterset }) => clusterset).sort()
  const message =
    asked === undefined
      ? `there is no ClusterSet in it: no namespace has the label ${LABEL_CLUSTERSET}`
      : `there is no ClusterSet ${asked} in it${others.length === 0 ? '' : `, only ${others.join(', ')}`}`
  return {
    reason: 'NoRegistry',
    message,
    remedy: 'Make it with isthmus init, or name another --registry-context.',
  }
}
