/** A fresh importer, beside a bare writer that replays the same requests at the same concurrency. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KubernetesList, SERVICE_IMPORTS, type ServiceImport } from '@isthmus/api'
import { parseJson } from '../../fixtures/json.ts'
import { until } from '../../fixtures/until.ts'
import { BenchAgent } from '../lab/agents.ts'
import { type BenchCluster, NAMESPACE } from '../lab/clusters.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { makeLoad } from '../lab/load.ts'
import { BenchProcess } from '../lab/process.ts'

/** Imports that an agent works on at once while nothing is urgent. */
const CONCURRENCY = 12

export const firstSync: Figure = {
  name: 'first-sync',
  summary: 'a fresh importer of 1,000 services, beside a bare writer of the same requests',
  real: true,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  const [a, b, c] = await clusters.open(3)
  if (a === undefined || b === undefined || c === undefined) throw new Error('three clusters are needed')
  const services = Math.round(1000 * scale)
  await makeLoad(a.client, { prefix: 'sync', services, endpointsEach: 10, network: 20 })
  const exporter = await BenchAgent.start(a, [b])
  try {
    await exporter.ready()
    // The exporter makes imports of its own: it is to be done with them.
    await whenReady(a, services)
  } finally {
    // What it published stays. The two writers are measured without it beside them.
    await exporter.stop()
  }
  progress(`${services} services of 10 endpoints into a fresh cluster`)
  const seconds = await syncSeconds(b, a, services)
  progress('the same requests by a bare writer')
  const bareSeconds = await replaySeconds(b, c, services)
  return [
    {
      figure: 'first sync',
      what: `${services} services of 10 endpoints`,
      value: services / seconds,
      unit: '/s',
      baseline: { what: 'a bare writer', value: services / bareSeconds },
      target: { atLeast: 0.85 },
    },
  ]
}

async function syncSeconds(b: BenchCluster, a: BenchCluster, services: number): Promise<number> {
  const following = secondsOfSync(b, services)
  const importer = await BenchAgent.start(b, [a])
  try {
    return await following
  } finally {
    await importer.stop()
  }
}

async function replaySeconds(from: BenchCluster, to: BenchCluster, services: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-bench-'))
  try {
    const file = join(folder, 'imports.json')
    const list = async (path: string): Promise<KubernetesList<object>> =>
      parseJson((await from.client.raw(path)).body)
    const of = `namespaces/${NAMESPACE}`
    await writeFile(
      file,
      JSON.stringify({
        services: await list(
          `/api/v1/${of}/services?labelSelector=app.kubernetes.io/managed-by%3Disthmus.dev`,
        ),
        slices: await list(
          `/apis/discovery.k8s.io/v1/${of}/endpointslices?labelSelector=multicluster.kubernetes.io/service-name`,
        ),
        imports: await list(`/apis/multicluster.x-k8s.io/v1beta1/${of}/serviceimports`),
      }),
    )
    const following = secondsOfSync(to, services)
    const writer = new BenchProcess(process.execPath, [
      join(import.meta.dirname, '../lab/bare-writer.ts'),
      ...[file, to.kubeconfig, to.context ?? '', String(CONCURRENCY)],
    ])
    await until('the bare writer is done', () => writer.ended, 600_000)
    if (!/^done$/m.test(writer.output)) throw new Error(`the bare writer failed:\n${writer.output}`)
    return await following
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * From the first write, so that the start of a process does not count, to the last import that is Ready: as a third
 * party sees it, for both writers, whom it costs the same.
 */
async function secondsOfSync({ client }: BenchCluster, services: number): Promise<number> {
  const ready = new Set<string>()
  const stopping = new AbortController()
  const options = { namespace: NAMESPACE, timeoutSeconds: 3000, signal: stopping.signal }
  let first: number | undefined
  try {
    for await (const { object } of client.watch(SERVICE_IMPORTS, options)) {
      first ??= performance.now()
      if (isReady(object)) ready.add(object.metadata.name ?? '')
      if (ready.size === services) return (performance.now() - first) / 1000
    }
    throw new Error(`the watch ended at ${ready.size} of ${services} imports`)
  } finally {
    stopping.abort()
  }
}

async function whenReady({ client }: BenchCluster, services: number): Promise<void> {
  await until(
    `${services} imports are Ready`,
    async () => {
      const { items } = await client.list(SERVICE_IMPORTS, { namespace: NAMESPACE })
      return items.filter(isReady).length === services
    },
    600_000,
  )
}

function isReady({ status }: ServiceImport): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}
