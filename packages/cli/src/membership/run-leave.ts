import { type Left, leaveClusterSet, removeMember } from '@isthmus/agent'
import { errorOf } from '@isthmus/api'
import type { LeaveFlags } from '../commands/leave.ts'
import type { CommandContext } from '../context.ts'
import { ERRORS } from '../errors.ts'
import { withBoth, withRegistry } from './connect-clusters.ts'
import { clusterFlags, flag } from './flags-again.ts'

/** `isthmus leave`: what is done, what stays, and who is left. */
export async function runLeave(flags: LeaveFlags, context: CommandContext): Promise<void> {
  const { clusterId } = flags
  const say = (text: string) => void context.stdout.write(`${text}\n`)
  const kubectl = `kubectl${flag('kubeconfig', flags.registryKubeconfig ?? flags.kubeconfig)}${flag('context', flags.registryContext)}`
  const options = {
    clusterset: flags.clusterset,
    force: flags.force,
    timeoutMs: flags.timeout * 1000,
    onProgress: say,
  }
  // The current context is not enough to take a cluster apart.
  if ((clusterId === undefined) === (flags.context === undefined)) throw errorOf(ERRORS.leaveWhom, {})
  if (clusterId === undefined) {
    const { agentNamespace, exchangeNamespace } = flags
    const left = await withBoth(flags, context, 'leave', ({ client }, { client: registry }, signal) =>
      leaveClusterSet({
        ...options,
        signal,
        client,
        registry,
        agentNamespace,
        exchangeNamespace,
        kubectl: `kubectl${clusterFlags(flags)}`,
      }),
    )
    say(`\n${summary(left, 'The cluster', kubectl)}`)
  } else {
    const left = await withRegistry(flags, context, `remove ${clusterId}`, ({ client: registry }, signal) =>
      removeMember({ ...options, signal, registry, clusterId }),
    )
    say(`\n${summary(left, clusterId, kubectl)}`)
    if (left.clusterId !== undefined)
      say('If its cluster is alive after all, leave with --context too: it still has what it imported.')
  }
}

function summary(
  { clusterset, clusterId, stays, remaining, emptyRegistry }: Left,
  whom: string,
  kubectl: string,
): string {
  const done =
    clusterId === undefined
      ? `${whom} is no member of ${clusterset}: there is nothing to do.`
      : `${clusterId} has left ${clusterset}.`
  const members =
    remaining.length === 0
      ? `It has no members any more; \`${kubectl} delete ${emptyRegistry.join(' ')}\` removes the registry.`
      : `Its members are ${remaining.join(', ')}.`
  return [`${done} ${members}`, ...stays.map(reason => `note: ${reason}`)].join('\n')
}
