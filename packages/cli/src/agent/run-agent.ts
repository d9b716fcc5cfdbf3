import { Agent, type HealthServer, installedNamespaces, type Namespaces, serveHealth } from '@isthmus/agent'
import { errorOf } from '@isthmus/api'
import { type LostMemberRules, parseLostMemberRules } from '@isthmus/core'
import { type ClusterClient, connect, explainError, loadCredentials } from '@isthmus/kube'
import type { AgentFlags } from '../commands/agent.ts'
import { type CommandContext, stopRequested } from '../context.ts'
import { ERRORS } from '../errors.ts'
import { createLogger } from '../logger.ts'
import { readConfigFile } from './config-file.ts'
import { identityOf } from './identity.ts'
import { type AgentSettings, resolveSettings, USUAL_HEALTH } from './settings.ts'
import type { ListenAddress } from './values.ts'

/** `isthmus agent`: runs until it is told to stop. */
export async function runAgent({ config, ...flags }: AgentFlags, context: CommandContext): Promise<void> {
  const settings = await settingsFrom(config ?? context.env.ISTHMUS_CONFIG, flags, context)
  const stopping = context.stopSignal()
  const clients: ClusterClient[] = []
  const connectTo = (kubeconfig: string | undefined, name: string | undefined): ClusterClient => {
    const client = connect(loadCredentials({ kubeconfig, context: name }))
    clients.push(client)
    return client
  }
  let health: HealthServer | undefined
  try {
    const client = connectTo(settings.kubeconfig, settings.context)
    const identity = await identityOf(client, settings)
    const log = createLogger(settings, { cluster: identity.clusterId }, context)
    const agent = new Agent({
      ...identity,
      client,
      peers: settings.peers.map(peer => ({
        clusterId: peer.clusterId,
        client: connectTo(peer.kubeconfig ?? settings.kubeconfig, peer.context),
        exchangeNamespace: peer.exchangeNamespace,
      })),
      ...(await namespacesOf(client, settings)),
      reservedPrefixes: settings.reservedPrefixes,
      lostMembers: { policy: lostMemberRulesFrom(settings), probes: settings.lostMemberProbes === 'on' },
      log,
    })
    // Before the agent starts: probes are answered, with reasons, while it waits for its caches.
    if (settings.health !== 'off') {
      health = await serveHealthAt(settings.health, agent)
      log.info({ url: health.url }, 'serving /healthz, /readyz and /metrics')
    }
    await agent.start()
    const left = await Promise.race([stopRequested(stopping), agent.left])
    log.info(left ?? 'stopping')
    await agent.stop()
    if (left === undefined) log.info('stopped; all objects stay as they are')
  } finally {
    await health?.close()
    await Promise.all(clients.map(client => client.close()))
  }
}

async function namespacesOf(client: ClusterClient, settings: AgentSettings): Promise<Namespaces> {
  try {
    return await installedNamespaces(client, settings)
  } catch (error) {
    throw explainError(error, { doing: 'ask where Isthmus is installed' })
  }
}

function serveHealthAt(health: ListenAddress | 'auto', agent: Agent): Promise<HealthServer> {
  if (health !== 'auto') return serveHealth({ agent, ...health })
  // Several agents on one machine, one for each cluster, are common where people try things out.
  return serveHealth({ agent, ...USUAL_HEALTH }).catch(() => serveHealth({ agent, ...USUAL_HEALTH, port: 0 }))
}

function lostMemberRulesFrom({ lostMemberPolicy = '' }: AgentSettings): LostMemberRules {
  const parsed = parseLostMemberRules(lostMemberPolicy)
  if ('rules' in parsed) return parsed.rules
  throw errorOf(ERRORS.configInvalid, { mistakes: `lostMemberPolicy: ${parsed.mistake}` })
}

async function settingsFrom(
  config: string | undefined,
  flags: Omit<AgentFlags, 'config'>,
  { env, cwd }: CommandContext,
): Promise<AgentSettings> {
  const file = config === undefined ? {} : { file: await readConfigFile(config, cwd) }
  const resolved = resolveSettings({ flags, env, cwd, ...file })
  if ('settings' in resolved) return resolved.settings
  const { mistakes } = resolved
  const [only = ''] = mistakes
  const list = mistakes.map(mistake => `\n  - ${mistake}`).join('')
  throw errorOf(ERRORS.configInvalid, {
    mistakes: mistakes.length === 1 ? only : `the settings have ${mistakes.length} mistakes:${list}`,
  })
}
