import { accessOf, type Joined, joinClusterSet, whenLinked } from '@isthmus/agent'
import type { JoinFlags } from '../commands/join.ts'
import type { CommandContext } from '../context.ts'
import { announcedAccess, withBoth } from './connect-clusters.ts'
import { clusterFlags } from './flags-again.ts'
import { LinkLines } from './link-lines.ts'

/** `isthmus join`: what is done, how to start the agent, and then the links as they come up. */
export async function runJoin(flags: JoinFlags, context: CommandContext): Promise<void> {
  const { clusterId } = flags
  const say = (text: string) => void context.stdout.write(`${text}\n`)
  await withBoth(flags, context, `join as ${clusterId}`, async (cluster, registry, signal) => {
    const joined = await joinClusterSet({
      client: cluster.client,
      registry: registry.client,
      clusterId,
      clusterset: flags.clusterset,
      access: await announcedAccess(await accessOf(cluster.credentials), flags, context.cwd),
      registryAccess: await announcedAccess(
        await accessOf(registry.credentials),
        { server: flags.registryServer, certificateAuthority: flags.registryCertificateAuthority },
        context.cwd,
      ),
      podCIDRs: flags.podCidrs?.split(',').map(cidr => cidr.trim()),
      agentNamespace: flags.agentNamespace,
      exchangeNamespace: flags.exchangeNamespace,
      coredns: flags.coredns,
      onProgress: say,
      signal,
    })
    for (const note of joined.notes) say(`note: ${note}`)
    say(`\n${nextSteps(joined, flags)}`)
    if (!flags.wait || joined.peers.length === 0) return
    const lines = new LinkLines(clusterId)
    try {
      await whenLinked({
        registry: registry.client,
        ...joined,
        timeoutMs: flags.timeout * 1000,
        onProgress: links => lines.changed(links).map(say),
        signal,
      })
    } catch (error) {
      if (!signal.aborted) throw error
      return say(`\nNo longer waiting. ${clusterId} is a member, and will be linked when its agent runs.`)
    }
    say(`\n${clusterId} is linked with all ${joined.peers.length} other members, both ways.`)
  })
}

function nextSteps({ clusterId, clusterset, peers }: Joined, flags: JoinFlags): string {
  const waiting =
    peers.length === 0 || !flags.wait ? '' : `\n\nWaiting until it is linked with ${peers.join(', ')}.`
  return `${clusterId} is a member of ${clusterset}. Its agent needs nothing else to run:

  isthmus agent${clusterFlags(flags)}${waiting}`
}
