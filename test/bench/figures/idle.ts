/** Processor time of an agent with five peers and 1,000 services while nothing changes. */
import { setTimeout as delay } from 'node:timers/promises'
import { BenchAgent } from '../lab/agents.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { makeLoad, whenImported } from '../lab/load.ts'
import { quiet } from '../lab/quiet.ts'

const SECONDS = 60

export const idle: Figure = {
  name: 'idle',
  summary: 'processor time of an agent with five peers and 1,000 services while nothing changes',
  real: true,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  const all = await clusters.open(6)
  const [own, ...peers] = all
  if (own === undefined) throw new Error('six clusters are needed')
  const each = Math.round((1000 * scale) / peers.length)
  const agents: BenchAgent[] = []
  try {
    for (const [i, cluster] of peers.entries()) {
      await makeLoad(cluster.client, {
        prefix: `idle-${i}`,
        services: each,
        endpointsEach: 10,
        network: 20 + i,
      })
      // Peers are there to publish: they link to nobody, so that their own work is not in the way.
      agents.push(await BenchAgent.start(cluster, []))
    }
    const agent = await BenchAgent.start(own, peers)
    agents.push(agent)
    for (const one of agents) await one.ready()
    await whenImported(own.client, each * peers.length)
    await quiet(agents)
    const seconds = Math.max(15, SECONDS * scale)
    progress(`${seconds} s of nothing`)
    const before = agent.process.processorSeconds()
    await delay(seconds * 1000)
    const used = agent.process.processorSeconds() - before
    return [
      {
        figure: 'CPU idle',
        what: `5 peers, ${each * peers.length} services, ${seconds} s`,
        value: (used / seconds) * 100,
        unit: '% of a core',
        target: { atMost: 0.5 },
      },
    ]
  } finally {
    for (const one of agents) await one.stop()
  }
}
