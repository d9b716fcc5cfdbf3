/**
 * An agent with many peers whose exchanges are simulated in this process. Prints what it took.
 *
 *     node fan-out-agent.ts <kubeconfig of its own cluster> <members>
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from '@isthmus/agent'
import { ENDPOINT_SLICES, LEASES } from '@isthmus/api'
import { type ClusterClient, connect, loadCredentials } from '@isthmus/kube'
import { pino } from 'pino'
import { until } from '../../fixtures/until.ts'
import { NAMESPACE } from './clusters.ts'
import { IMPORTED } from './load.ts'
import { SimulatedExchange } from './simulated-exchange.ts'

export interface FanOutResult {
  readonly members: number
  /** Processor time of the first sync. */
  readonly syncSeconds: number
  /** Processor time while only heartbeats come. */
  readonly quietPercent: number
  /** Resident, bytes. */
  readonly memory: number
  readonly writesAtRestart: number
}

const SERVICES_EACH = 20
/** A service is exported by so many members. */
const SHARED_BY = 10
const HEARTBEAT_MS = 10_000
const QUIET_MS = 20_000

const [kubeconfig = '', count = '10'] = process.argv.slice(2)
const members = Number(count)
const exchanges = Array.from({ length: members }, (_, i) => new SimulatedExchange(`m${i}`))
for (const [i, exchange] of exchanges.entries()) {
  const group = Math.floor(i / SHARED_BY)
  const services = Array.from({ length: SERVICES_EACH }, (_, s) => `s-${group}-${s}`)
  exchange.publish(NAMESPACE, services, i)
}
const own = counting(connect(loadCredentials({ kubeconfig })))
const agent = new Agent({
  clusterId: 'own',
  clusterset: 'bench',
  client: own.client,
  peers: exchanges.map(exchange => ({ clusterId: exchange.clusterId, client: exchange.client })),
  log: pino({ level: 'warn' }),
})

const processorSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const heartbeats = setInterval(() => {
  for (const exchange of exchanges) exchange.beat()
}, HEARTBEAT_MS)

const before = processorSeconds()
await agent.start()
await until(
  'all is imported',
  async () => {
    const { items } = await own.client.list(ENDPOINT_SLICES, {
      namespace: NAMESPACE,
      labelSelector: IMPORTED,
    })
    return items.length === members * SERVICES_EACH
  },
  600_000,
)
await agent.idle()
const syncSeconds = processorSeconds() - before
await delay(3000)
await agent.idle()
const quietBefore = processorSeconds()
await delay(QUIET_MS)
const quietPercent = ((processorSeconds() - quietBefore) / (QUIET_MS / 1000)) * 100
const writesBefore = own.writes()
exchanges[0]?.restart()
await delay(3000)
await agent.idle()
const result: FanOutResult = {
  members,
  syncSeconds,
  quietPercent,
  memory: process.memoryUsage.rss(),
  writesAtRestart: own.writes() - writesBefore,
}
clearInterval(heartbeats)
console.log(`result ${JSON.stringify(result)}`)
await agent.stop()
await own.client.close()

/** Counts writes; the agent's own heartbeat does not count. */
function counting(client: ClusterClient): { client: ClusterClient; writes: () => number } {
  let writes = 0
  const methods = ['create', 'update', 'updateStatus', 'patch', 'delete'] as const
  const counted = Object.create(client) as ClusterClient
  for (const method of methods) {
    const original = client[method].bind(client) as (...args: unknown[]) => Promise<unknown>
    Object.defineProperty(counted, method, {
      value: (...args: unknown[]) => {
        if ((args[0] as { plural?: string }).plural !== LEASES.plural) writes++
        return original(...args)
      },
    })
  }
  for (const method of ['get', 'list', 'watch', 'raw', 'close'] as const) {
    const original = client[method].bind(client)
    Object.defineProperty(counted, method, { value: original })
  }
  return { client: counted, writes: () => writes }
}
