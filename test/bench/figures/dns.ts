/** `isthmus dns` on one core under dnsperf, beside a server that sends one fixed answer, on the same core. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ENDPOINT_SLICES, SERVICE_IMPORTS } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { until } from '../../fixtures/until.ts'
import { type BenchCluster, NAMESPACE, PROGRAM } from '../lab/clusters.ts'
import { type DnsperfResult, dnsperf, type Questions } from '../lab/dnsperf.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { HEADLESS_ENDPOINTS, HEADLESS_SERVICES, headlessSlice } from '../lab/headless-slice.ts'
import { address, atOnce } from '../lab/load.ts'
import { percentile } from '../lab/numbers.ts'
import { BenchProcess } from '../lab/process.ts'

const NAMES = 1000
const SERVER_CORE = '0'
const STEADY_RATE = 10_000
const CHANGES_PER_SECOND = 100
/** Of p99 without and with changes in turn; their medians count, as a machine has bad seconds. */
const ROUNDS = 5

export const dns: Figure = {
  name: 'dns',
  summary: 'queries a second of `isthmus dns`, beside a server that sends one fixed answer (needs dnsperf)',
  real: false,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  for (const tool of ['dnsperf', 'taskset']) {
    if (spawnSync(tool, ['-h']).error !== undefined)
      throw new Error(`${tool} is not installed (Debian: dnsperf, util-linux)`)
  }
  const [cluster] = await clusters.open(1)
  if (cluster === undefined) throw new Error('one cluster is needed')
  const seconds = Math.max(2, Math.round(10 * scale))
  progress(`${NAMES} names and headless ones of ${HEADLESS_ENDPOINTS} endpoints`)
  await makeNames(cluster.client)
  // In life it is on another machine.
  clusters.giveWay(cluster.id)
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-bench-'))
  const ask = async (server: Server, questions: Questions, more: { rate?: number; edns?: boolean } = {}) => {
    const file = join(folder, 'questions')
    await writeFile(file, questions.map(question => `${question}\n`).join(''))
    return dnsperf({ port: server.port, file, seconds, ...more })
  }
  const servers: Server[] = []
  try {
    const fixed = await onOneCore(fixedServer())
    servers.push(fixed)
    const latency = (server: Server) => latencyOf(cluster, rate => ask(server, A, { rate }), seconds)
    // Before the other server is there, which would take up the changes on the same core.
    progress(`p99 of one fixed answer at ${STEADY_RATE}/s, without and with ${CHANGES_PER_SECOND} changes/s`)
    const fixedLatency = await latency(fixed)
    const ours = await onOneCore(dnsServer(cluster))
    servers.push(ours)
    await until('it has read all names', () => /were read/.test(ours.process.output), 30_000)
    const rows: Row[] = []
    const perSecond = async (what: string, questions: Questions, target?: number, edns = false) => {
      progress(what)
      // Side by side in time: a machine that is slower for a while is so for both.
      const beside = await ask(fixed, questions, { edns })
      const { rate, lost } = await ask(ours, questions, { edns })
      if (lost > 0) progress(`${lost} queries were lost`)
      rows.push({
        figure: 'DNS',
        what,
        value: rate,
        unit: '/s',
        baseline: { what: 'one fixed answer', value: beside.rate },
        ...(target === undefined ? {} : { target: { atLeast: target } }),
      })
    }
    await perSecond(`A, ${NAMES} names`, A, 0.9)
    await perSecond(
      'SRV',
      names(i => `_http._tcp.name-${i}.${ZONE} SRV`),
    )
    await perSecond(
      'NXDOMAIN',
      names(i => `none-${i}.${ZONE} A`),
    )
    await perSecond(
      `A, headless of ${HEADLESS_ENDPOINTS}, EDNS`,
      names(i => `headless-${i % HEADLESS_SERVICES}.${ZONE} A`),
      undefined,
      true,
    )
    progress(`p99 at ${STEADY_RATE}/s, without and with ${CHANGES_PER_SECOND} changes/s`)
    rows.push(
      latencyRow(await latency(ours), 'while', 1.5),
      latencyRow(fixedLatency, 'of one fixed answer, which reads nothing, while'),
    )
    return rows
  } finally {
    for (const server of servers) await server.process.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Latency {
  /** p99 in milliseconds. */
  readonly calm: number
  readonly changing: number
  /** As many as there were. */
  readonly changesPerSecond: number
}

async function latencyOf(
  { kubeconfig }: BenchCluster,
  ask: (rate: number) => Promise<DnsperfResult>,
  seconds: number,
): Promise<Latency> {
  const p99 = async () => percentile((await ask(STEADY_RATE)).latencies, 0.99) * 1000
  const rounds: Latency[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const calm = await p99()
    const writing = [kubeconfig, String(CHANGES_PER_SECOND), String(seconds + 1)]
    const writer = new BenchProcess(process.execPath, [SLICE_WRITER, ...writing])
    try {
      writer.giveWay()
      await until('changes are written', () => /begun/.test(writer.output), 30_000)
      const changing = await p99()
      await until('all changes were written', () => writer.ended, 60_000)
      const changesPerSecond = Number(/([\d.]+) changes a second/.exec(writer.output)?.[1])
      rounds.push({ calm, changing, changesPerSecond })
    } finally {
      await writer.stop()
    }
  }
  const median = (of: keyof Latency) =>
    percentile(
      rounds.map(round => round[of]),
      0.5,
    )
  return {
    calm: median('calm'),
    changing: median('changing'),
    changesPerSecond: median('changesPerSecond'),
  }
}

function latencyRow({ calm, changing, changesPerSecond }: Latency, words: string, atMost?: number): Row {
  return {
    figure: 'DNS',
    what: `p99 at ${STEADY_RATE}/s ${words} ${Math.round(changesPerSecond)} changes/s arrive`,
    value: changing,
    unit: 'ms',
    baseline: { what: 'p99 without changes', value: calm },
    ...(atMost === undefined ? {} : { target: { atMost } }),
  }
}

const SLICE_WRITER = join(import.meta.dirname, '../lab/slice-writer.ts')

const ZONE = `${NAMESPACE}.svc.clusterset.local`

const A = names(i => `name-${i}.${ZONE} A`)

function names(question: (i: number) => string): Questions {
  return Array.from({ length: NAMES }, (_, i) => question(i))
}

interface Server {
  readonly process: BenchProcess
  readonly port: number
}

async function onOneCore(args: readonly string[]): Promise<Server> {
  const server = new BenchProcess('taskset', ['-c', SERVER_CORE, process.execPath, ...args])
  const port = await until('the DNS server answers', () => /"port":(\d+)/.exec(server.output)?.[1], 30_000)
  return { process: server, port: Number(port) }
}

function dnsServer({ kubeconfig }: BenchCluster): readonly string[] {
  return [PROGRAM, 'dns', '--kubeconfig', kubeconfig, '--listen', '127.0.0.1:0', '--log-format', 'json']
}

function fixedServer(): readonly string[] {
  return [join(import.meta.dirname, '../lab/fixed-answer.ts')]
}

/** As an importer would have made them: DNS reads nothing else. */
async function makeNames(client: ClusterClient): Promise<void> {
  const of = (name: string) => ({ namespace: NAMESPACE, name })
  const ports = [{ name: 'http', protocol: 'TCP' as const, port: 80 }]
  const kind = { apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceImport' }
  await atOnce(16, NAMES, async i => {
    const spec = {
      type: 'ClusterSetIP' as const,
      ports,
      ips: [address(100, i)],
      ipFamilies: ['IPv4' as const],
    }
    await client.create(SERVICE_IMPORTS, { ...kind, metadata: of(`name-${i}`), spec })
  })
  await atOnce(HEADLESS_SERVICES, HEADLESS_SERVICES, async i => {
    const spec = { type: 'Headless' as const, ports, ipFamilies: ['IPv4' as const] }
    await client.create(SERVICE_IMPORTS, { ...kind, metadata: of(`headless-${i}`), spec })
    await client.create(ENDPOINT_SLICES, headlessSlice(i, 0))
  })
}
