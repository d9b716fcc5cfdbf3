import { isIP } from 'node:net'
import { type HealthServer, serveHealth } from '@isthmus/agent'
import { ENDPOINT_SLICES, errorOf, NAMESPACES, type ResourceType, SERVICE_IMPORTS } from '@isthmus/api'
import { ClusterSource, DnsServer, dnsMetrics } from '@isthmus/dns'
import type { Logger } from 'pino'
import { listenAddress, Mistake } from '../agent/values.ts'
import { withCluster } from '../commands/cluster-options.ts'
import type { DnsFlags } from '../commands/dns.ts'
import { type CommandContext, stopRequested } from '../context.ts'
import { ERRORS } from '../errors.ts'
import { createLogger } from '../logger.ts'

const WATCHED: readonly ResourceType[] = [SERVICE_IMPORTS, ENDPOINT_SLICES, NAMESPACES]

/** How often it is looked whether the watches are well. */
const STATE_INTERVAL_MS = 2_000

/** `isthmus dns`: answers until it is told to stop. */
export async function runDns(flags: DnsFlags, context: CommandContext): Promise<void> {
  const { host, port } = parseListen('--listen', flags.listen)
  const healthAddress = flags.health === 'off' ? undefined : parseListen('--health', flags.health)
  checkAddresses(flags.nameServerAddress ?? [])
  const log = createLogger(flags, {}, context)
  await withCluster(flags, context, 'read what names are made of', async client => {
    const stopping = context.stopSignal()
    // What can never work is said at once; from here on whatever fails is tried again.
    for (const type of WATCHED) await client.list(type, { limit: 1 })
    const source = new ClusterSource(client)
    const { ttl, maxUdpSize, nameServerAddress = [] } = flags
    const server = new DnsServer({
      source,
      ttl,
      ...(maxUdpSize === undefined ? {} : { maxUdpSize }),
      nameServerAddresses: nameServerAddress,
    })
    const following = followWatches(source, log)
    let health: HealthServer | undefined
    try {
      if (healthAddress !== undefined) {
        health = await serveHealth({ agent: healthOf(server), ...healthAddress })
        log.info({ url: health.url }, 'serving /healthz, /readyz and /metrics')
      }
      log.info(await server.listen({ host, port }), 'answering for clusterset.local')
      const read = server.whenSynced().then(() => server.countNames())
      void read.then(names => log.info({ names }, 'all objects were read'))
      await stopRequested(stopping)
    } finally {
      following.stop()
      await health?.close()
      await server.close()
    }
    log.info('stopped')
  })
}

function healthOf(server: DnsServer) {
  const metrics = dnsMetrics(server)
  return {
    get ready() {
      return server.synced
    },
    status: () => ({ reasons: server.synced ? [] : ['not all objects have been read yet'] }),
    metrics,
  }
}

function checkAddresses(addresses: readonly string[]): void {
  const wrong = addresses.find(address => isIP(address) === 0)
  if (wrong === undefined) return
  const values = { what: '--name-server-address', value: wrong, wanted: 'an IP address', command: 'dns' }
  throw errorOf(ERRORS.badValue, values)
}

function parseListen(what: string, listen: string): { host: string; port: number } {
  try {
    const address = listenAddress(listen)
    if (address !== 'off') return address
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
  }
  const values = { what, value: listen, wanted: 'an IP address with a port', command: 'dns' }
  throw errorOf(ERRORS.badValue, values)
}

/** Says when a watch begins to fail, and when it is well again. */
function followWatches(source: ClusterSource, log: Logger): { stop(): void } {
  const failing = new Set<string>()
  const timer = setInterval(() => {
    for (const [kind, { error }] of Object.entries(source.states)) {
      if (error !== undefined && !failing.has(kind)) {
        failing.add(kind)
        log.warn({ kind, reason: error.message }, 'cannot follow the cluster; answering what was known last')
      } else if (error === undefined && failing.delete(kind)) {
        log.info({ kind }, 'following the cluster again')
      }
    }
  }, STATE_INTERVAL_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
