/** Which members the kubeconfig reaches at all: what is not seen cannot be explained. */
import { isDNSLabel } from '../check/formats.ts'
import type { Finding } from './explain.ts'
import type { Facts, UnreachableContext } from './facts.ts'
import { peersKnown } from './link-steps.ts'
import { broken, unknown, type Verdict } from './verdict.ts'

/** Only what a person has to know is told: contexts that are well have sections of their own. */
export function memberFindings(facts: Facts): Finding[] {
  const { clusters, unreachable, outsiders } = facts
  const seen = new Set(clusters.map(({ clusterId }) => clusterId))
  const unseen = [...new Set(clusters.flatMap(peersKnown))].filter(id => !seen.has(id)).sort()
  const registry = clusters.find(one => one.registryContext !== undefined)?.registryContext ?? 'REGISTRY'
  return [
    ...unreachable.map(context => ({
      step: 'context' as const,
      context: context.context,
      ...unreachableVerdict(context, unseen),
    })),
    ...twice(facts),
    ...clusters
      .filter(({ isAssumed }) => isAssumed)
      .map(({ clusterId, context }) => ({
        step: 'member' as const,
        cluster: clusterId,
        context,
        ...unknown(`you may not read which member context ${context} is: it is taken for ${clusterId}`),
      })),
    ...outsiders
      .filter(({ prepared }) => prepared || clusters.length === 0)
      .map(({ context, kubectl }) => ({
        step: 'member' as const,
        context,
        ...broken(
          `the cluster of context ${context} is no member of a ClusterSet: it has no ClusterProperty cluster.clusterset.k8s.io`,
          'Let it join, then start its agent.',
          `${kubectl.replace(/^kubectl/, 'isthmus join')} --registry-context ${registry} --cluster-id ${isDNSLabel(context) ? context : 'ID'}`,
        ),
      })),
  ]
}

/** Whether it matters depends on whether a member is missing among those that were reached. */
function unreachableVerdict(
  { context, kubectl, server, why }: UnreachableContext,
  unseen: readonly string[],
): Verdict {
  const what = `context ${context} (${server}) cannot be asked: ${why}`
  if (unseen.length === 0) return unknown(what)
  const missing = `${what}; of the members, ${unseen.join(', ')} ${unseen.length === 1 ? 'was' : 'were'} not seen`
  if (/\(40[13]\)/.test(why))
    return broken(missing, 'Get credentials that it accepts.', `${kubectl} auth whoami`)
  return broken(
    missing,
    'See that its API server runs and can be reached from here.',
    `${kubectl} get --raw /readyz`,
  )
}

/** KEP-2149: an id is of one cluster. Two with one id overwrite each other in every importer. */
function twice({ clusters }: Facts): Finding[] {
  const byId = Map.groupBy(clusters, ({ clusterset, clusterId }) => `${clusterset}/${clusterId}`)
  return [...byId.values()].flatMap(([first, second]) =>
    first === undefined || second === undefined
      ? []
      : [
          {
            step: 'member' as const,
            cluster: first.clusterId,
            context: second.context,
            ...broken(
              `the contexts ${first.context} and ${second.context} are two clusters with one id, ${first.clusterId}`,
              'A change of id is a leave and a join: let one of them leave.',
              second.kubectl.replace(/^kubectl/, 'isthmus leave'),
            ),
          },
        ],
  )
}
