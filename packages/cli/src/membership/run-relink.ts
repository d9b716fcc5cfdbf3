import { accessOf, relinkCluster, whenAnswered, whenLinked } from '@isthmus/agent'
import { errorOf } from '@isthmus/api'
import type { RelinkFlags } from '../commands/relink.ts'
import type { CommandContext } from '../context.ts'
import { ERRORS } from '../errors.ts'
import { announcedAccess, withBoth } from './connect-clusters.ts'
import { LinkLines } from './link-lines.ts'

/** `isthmus relink`: what is done, then the links as they come up. */
export async function runRelink(flags: RelinkFlags, context: CommandContext): Promise<void> {
  if (flags.accept === true && flags.peer === undefined) throw errorOf(ERRORS.acceptWhom, {})
  const say = (text: string) => void context.stdout.write(`${text}\n`)
  await withBoth(flags, context, 'mend the links', async (cluster, registry, signal) => {
    const { insecure: _, ...registryAccess } = await announcedAccess(
      await accessOf(registry.credentials),
      { server: flags.registryServer, certificateAuthority: flags.registryCertificateAuthority },
      context.cwd,
    )
    const relinked = await relinkCluster({
      client: cluster.client,
      registry: registry.client,
      registryAccess,
      peer: flags.peer,
      accept: flags.accept,
      agentNamespace: flags.agentNamespace,
      exchangeNamespace: flags.exchangeNamespace,
      onProgress: say,
      signal,
    })
    if (!flags.wait || relinked.peers.length === 0) return
    const waiting = { registry: registry.client, ...relinked, timeoutMs: flags.timeout * 1000, signal }
    await whenAnswered(waiting)
    say(`${relinked.peers.join(', ')} did: what was issued before has ended`)
    const lines = new LinkLines(relinked.clusterId)
    say('')
    await whenLinked({
      ...waiting,
      onProgress: links => lines.changed(links).map(say),
    })
  })
}
