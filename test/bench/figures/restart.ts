/** An agent that restarts with everything in place: what it writes, and how long until it is ready. */
import { ENDPOINT_SLICES, type ResourceType, SERVICE_EXPORTS, SERVICE_IMPORTS, SERVICES } from '@isthmus/api'
import { BenchAgent } from '../lab/agents.ts'
import { type BenchCluster, NAMESPACE } from '../lab/clusters.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { makeLoad, whenImported } from '../lab/load.ts'
import { quiet } from '../lab/quiet.ts'

export const restart: Figure = {
  name: 'restart',
  summary: 'writes and readiness of an agent that restarts with 10,000 endpoints in place',
  real: true,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  const [a, b] = await clusters.open(2)
  if (a === undefined || b === undefined) throw new Error('two clusters are needed')
  const services = Math.round(1000 * scale)
  await makeLoad(a.client, { prefix: 'stay', services, endpointsEach: 10, network: 20 })
  const exporter = await BenchAgent.start(a, [b])
  let importer = await BenchAgent.start(b, [a])
  try {
    await exporter.ready()
    await importer.ready()
    await whenImported(b.client, services)
    await quiet([exporter, importer])
    const before = await versions(b)
    progress('a clean restart')
    await importer.stop()
    const from = performance.now()
    importer = await BenchAgent.start(b, [a])
    await importer.ready()
    const seconds = (performance.now() - from) / 1000
    await quiet([importer])
    const after = await versions(b)
    const written = [...after].filter(([key, version]) => before.get(key) !== version).length
    const figure = 'restart'
    return [
      {
        figure,
        what: `objects written, of ${after.size}`,
        value: written,
        unit: 'writes',
        target: { atMost: 0 },
      },
      {
        figure,
        what: 'from the start of the process to ready',
        value: seconds,
        unit: 's',
        target: { atMost: 3 },
      },
    ]
  } finally {
    await exporter.stop()
    await importer.stop()
  }
}

const KINDS: readonly ResourceType[] = [SERVICES, ENDPOINT_SLICES, SERVICE_IMPORTS, SERVICE_EXPORTS]

/** resourceVersions of all that an agent may write for users, by kind and name. */
async function versions({ client }: BenchCluster): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>()
  for (const type of KINDS) {
    const { items } = await client.list(type, { namespace: NAMESPACE })
    for (const { metadata } of items) found.set(`${type.plural}/${metadata.name}`, metadata.resourceVersion)
  }
  return found
}
