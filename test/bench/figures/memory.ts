/** Resident memory of an agent that imports, by the number of endpoints. */
import { setTimeout as delay } from 'node:timers/promises'
import { BenchAgent } from '../lab/agents.ts'
import type { BenchCluster } from '../lab/clusters.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { type Load, makeLoad, whenImported } from '../lab/load.ts'
import { line } from '../lab/numbers.ts'
import { quiet } from '../lab/quiet.ts'

const ENDPOINTS = [10_000, 50_000, 100_000] as const
const ENDPOINTS_EACH = 100

export const memory: Figure = {
  name: 'memory',
  summary: 'resident memory of an agent at 10k, 50k and 100k imported endpoints',
  real: true,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  const [a, b] = await clusters.open(2)
  if (a === undefined || b === undefined) throw new Error('two clusters are needed')
  const exporter = await BenchAgent.start(a, [b])
  try {
    await exporter.ready()
    const points: [number, number][] = [[0, await resident(a, b, 0)]]
    let made = 0
    for (const [step, endpoints] of ENDPOINTS.entries()) {
      const services = Math.round((endpoints * scale) / ENDPOINTS_EACH)
      progress(`${services * ENDPOINTS_EACH} endpoints`)
      const load: Load = {
        prefix: `memory-${step}`,
        services: services - made,
        endpointsEach: ENDPOINTS_EACH,
        network: 20 + step,
      }
      await makeLoad(a.client, load)
      made = services
      points.push([services * ENDPOINTS_EACH, await resident(a, b, services)])
    }
    const base = points[0]?.[1] ?? Number.NaN
    const { slope, fit } = line(points)
    return [
      { figure: 'memory', what: 'base: nothing imported', value: base / 2 ** 20, unit: 'MB' },
      ...points.slice(1).map(
        ([endpoints, bytes]): Row => ({
          figure: 'memory',
          what: `at ${endpoints.toLocaleString('en')} endpoints, each over the base`,
          value: (bytes - base) / endpoints / 1024,
          unit: 'KB',
          target: { atMost: 1.5 },
        }),
      ),
      { figure: 'memory', what: 'each, by the line through all', value: slope / 1024, unit: 'KB' },
      {
        figure: 'memory',
        what: 'how straight the line is',
        value: fit,
        unit: 'r²',
        target: { atLeast: 0.9 },
      },
    ]
  } finally {
    await exporter.stop()
  }
}

/** Of an importer that was started anew, once it is quiet: what it needs, not what its start left behind. */
async function resident(a: BenchCluster, b: BenchCluster, services: number): Promise<number> {
  const first = await BenchAgent.start(b, [a])
  await whenImported(b.client, services)
  await first.ready()
  await quiet([first])
  await first.stop()
  const agent = await BenchAgent.start(b, [a])
  try {
    await agent.ready()
    await quiet([agent])
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < 20; i++) {
      await delay(500)
      least = Math.min(least, agent.process.memory())
    }
    return least
  } finally {
    await agent.stop()
  }
}
