import { listMembersKnownTo, listMembersOf, type PolicySaid } from '@isthmus/agent'
import type { MemberRow } from '@isthmus/core'
import { isUnauthorized } from '@isthmus/kube'
import { withCluster } from '../commands/cluster-options.ts'
import type { MembersFlags } from '../commands/members.ts'
import type { CommandContext } from '../context.ts'
import { printable } from '../terminal/printable.ts'
import { table } from '../terminal/table.ts'
import { withRegistry } from './connect-clusters.ts'
import { clusterFlags } from './flags-again.ts'

/** `isthmus members`: a row for each, and below what is wrong with their links. */
export async function runMembers(flags: MembersFlags, context: CommandContext): Promise<void> {
  const say = (text: string) => void context.stdout.write(`${text}\n`)
  const asJSON = flags.output === 'json'
  const print = (answer: object) => say(JSON.stringify(answer, null, 2))
  const isRegistryNamed = flags.registryContext !== undefined || flags.registryKubeconfig !== undefined
  if (isRegistryNamed) {
    const members = await withRegistry(flags, context, 'list the members', ({ client }, signal) =>
      listMembersOf(client, flags.clusterset, signal),
    )
    return asJSON ? print(members) : say(textOf(members))
  }
  const { agentNamespace } = flags
  await withCluster(flags, context, 'list the members', async client => {
    const { record, registry, peers, failure, lostMemberPolicy } = await listMembersKnownTo(client, {
      agentNamespace,
    })
    const { clusterset, clusterId } = record
    if (registry !== undefined)
      return asJSON
        ? print({ clusterset, ...registry, lostMemberPolicy })
        : say(textOf({ clusterset, members: registry.members, lostMemberPolicy }))
    const known = peers.map(peer => ({
      clusterId: peer.clusterId,
      server: peer.access.server,
      pinnedAt: peer.pinnedAt,
    }))
    const reason = isUnauthorized(failure)
      ? `it does not accept the token of ${clusterId} any more (401), which \`isthmus relink\` mends`
      : failure instanceof Error
        ? failure.message
        : `${clusterId} keeps no access to it`
    if (asJSON)
      return print({
        clusterset,
        clusterId,
        removedAt: record.removedAt,
        registry: { failure: reason },
        pinned: known,
        lostMemberPolicy,
      })
    if (record.removedAt !== undefined) {
      say(`${clusterId} was removed from ${clusterset}, as its agent saw at ${record.removedAt}.`)
      return say(
        `\`isthmus leave${clusterFlags(flags)} --registry-context REGISTRY\` takes out what is left of it.`,
      )
    }
    say(`The registry of ${clusterset} cannot be asked: ${printable(reason)}.`)
    say(`What ${clusterId} knows of the others goes on without it:\n`)
    for (const line of table(
      ['ID', 'SERVER', 'PINNED'],
      known.map(row => [row.clusterId, printable(row.server), row.pinnedAt]),
    ))
      say(line)
    for (const line of policyLines(lostMemberPolicy)) say(line)
  })
}

interface Shown {
  readonly clusterset: string
  readonly members: readonly MemberRow[]
  readonly lostMemberPolicy?: PolicySaid | undefined
}

function textOf({ clusterset, members, lostMemberPolicy }: Shown): string {
  if (members.length === 0) return `${clusterset} has no members.`
  const rows = members.map(({ clusterId, server, kubernetesVersion, isthmusVersion, state, links }) => {
    const peers = Object.values(links)
    const linked = peers.filter(link => link === 'connected').length
    return [clusterId, server, kubernetesVersion, isthmusVersion, state, `${linked}/${peers.length}`].map(
      cell => printable(cell ?? '-'),
    )
  })
  const headings = ['ID', 'SERVER', 'KUBERNETES', 'ISTHMUS', 'STATE', 'READS']
  // A link is told by both of its ends.
  const reasons = [...new Set(members.flatMap(member => member.reasons))].map(reason => printable(reason))
  const below = reasons.length === 0 ? [] : ['', ...reasons]
  return [...table(headings, rows), ...below, ...policyLines(lostMemberPolicy)].join('\n')
}

/** Nothing where the ClusterSet has no policy of its own. */
function policyLines(said: PolicySaid | undefined): string[] {
  if (said === undefined) return []
  if ('policy' in said) return ['', `Lost members: ${said.policy}`]
  const way = '`isthmus init --lost-member-policy` sets it'
  return [
    '',
    `Lost members: as it was before, as the policy cannot be read: ${printable(said.mistake)}; ${way}`,
  ]
}
