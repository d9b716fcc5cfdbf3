/**
 * From the acknowledged change of a source slice in one cluster to the imported slice in another, beside what
 * two bare writes in a row take at the same rate; and the same while a new member syncs and others churn.
 */
import { ENDPOINT_SLICES, type EndpointSlice } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { until } from '../../fixtures/until.ts'
import { BenchAgent } from '../lab/agents.ts'
import { type BenchCluster, NAMESPACE } from '../lab/clusters.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { IMPORTED, type Load, makeLoad, sourceSlice, whenImported } from '../lab/load.ts'
import { distribution, steadily } from '../lab/numbers.ts'

const RATE = 20
const CHURN_RATE = 20
const CHURN_ENDPOINTS = 10

export const propagation: Figure = {
  name: 'propagation',
  summary: 'a change from source slice to imported slice, quiet and under storm',
  real: true,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  const [a, b, c] = await clusters.open(3)
  if (a === undefined || b === undefined || c === undefined) throw new Error('three clusters are needed')
  const changes = Math.max(50, Math.round(1000 * scale))
  const live: Load = { prefix: 'live', services: 100, endpointsEach: 100, network: 20 }
  const bare: Load = { prefix: 'bare', services: 10, endpointsEach: 100, network: 21 }
  const newcomer: Load = { prefix: 'new', services: Math.round(1000 * scale), endpointsEach: 10, network: 22 }
  progress('10,000 endpoints, and 1,000 services of a member that is not started yet')
  await Promise.all([makeLoad(a.client, live), makeLoad(c.client, newcomer)])
  for (const { client } of [a, b]) await makeLoad(client, bare, false)
  const agents = [await BenchAgent.start(a, [b, c]), await BenchAgent.start(b, [a, c])]
  try {
    for (const agent of agents) await agent.ready()
    await whenImported(b.client, live.services)
    const arrivals = await Arrivals.of(b.client)
    const others = await Arrivals.of(a.client)
    const change = changer(a, live, arrivals)
    await steadily(RATE, 40, change.next) // warm
    change.times.length = 0

    progress(`${changes} bare pairs of writes, then ${changes} changes, at ${RATE}/s`)
    const pairs: number[] = []
    const pair = barePair(a.client, b.client, bare, pairs)
    await steadily(RATE, 40, pair)
    pairs.length = 0
    await steadily(RATE, changes, pair)
    await steadily(RATE, changes, change.next)
    const [beside, quiet] = [distribution(pairs), distribution(change.times)]

    progress('the same while the third member joins with 1,000 services and 200 endpoints/s churn')
    change.times.length = 0
    const churning = new AbortController()
    const churned = churn(a, live, churning.signal)
    const joining = await BenchAgent.start(c, [a, b])
    clusters.giveWay(c.id)
    if (clusters.embedded) joining.process.giveWay()
    agents.push(joining)
    const all = newcomer.services + live.services
    const synced = Promise.all([arrivals.whenThere(all), others.whenThere(all)]).then(() => performance.now())
    const from = performance.now()
    let isSynced = false
    void synced.then(() => {
      isSynced = true
    })
    // For as long as the sync takes, and for as many changes as the quiet run had at most.
    for (let i = 0; i < changes && !isSynced; i += RATE) await steadily(RATE, RATE, change.next)
    const syncSeconds = ((await synced) - from) / 1000
    churning.abort()
    await churned
    for (const watch of [arrivals, others]) watch.stop()
    const storm = distribution(change.times)
    const beside2 = 'two bare writes'
    return [
      {
        figure: 'propagation',
        what: `p50 of ${quiet.count} changes`,
        value: quiet.p50,
        unit: 'ms',
        baseline: { what: beside2, value: beside.p50 },
        target: { atMost: 2 },
      },
      {
        figure: 'propagation',
        what: 'p99',
        value: quiet.p99,
        unit: 'ms',
        baseline: { what: beside2, value: beside.p99 },
        target: { atMost: 4 },
      },
      {
        figure: 'propagation',
        what: 'max',
        value: quiet.max,
        unit: 'ms',
        baseline: { what: beside2, value: beside.max },
      },
      {
        figure: 'under storm',
        what: `p50 of ${storm.count} changes`,
        value: storm.p50,
        unit: 'ms',
        baseline: { what: 'quiet p50', value: quiet.p50 },
      },
      {
        figure: 'under storm',
        what: 'p99',
        value: storm.p99,
        unit: 'ms',
        baseline: { what: 'quiet p99', value: quiet.p99 },
        target: { atMost: 3 },
      },
      {
        figure: 'under storm',
        what: `${newcomer.services} services of the new member in both others`,
        value: syncSeconds,
        unit: 's',
      },
    ]
  } finally {
    for (const agent of agents) await agent.stop()
  }
}

/** Writes on one slice here, then on one there, as an agent in each cluster would at best. */
function barePair(a: ClusterClient, b: ClusterClient, load: Load, times: number[]) {
  let n = 0
  return async (i: number) => {
    const name = `${load.prefix}-${i % load.services}`
    const slice = withFirstAddress(
      sourceSlice(name, load, i % load.services),
      `21.250.${(n >> 8) & 255}.${n++ & 255}`,
    )
    const from = performance.now()
    await a.update(ENDPOINT_SLICES, slice)
    await b.update(ENDPOINT_SLICES, slice)
    times.push(performance.now() - from)
  }
}

function changer({ client }: BenchCluster, load: Load, arrivals: Arrivals) {
  const times: number[] = []
  let n = 0
  return {
    times,
    next: async () => {
      const change = n++
      const index = change % (load.services / 2)
      const service = `${load.prefix}-${index}`
      const slice = withFirstAddress(sourceSlice(service, load, index), addressOf(change))
      const arrived = arrivals.expect(service, change)
      await client.update(ENDPOINT_SLICES, slice)
      const acknowledged = performance.now()
      times.push(Math.max(0, (await arrived) - acknowledged))
    },
  }
}

/** 200 endpoints a second, in the half of the services that nothing is measured on. */
async function churn({ client }: BenchCluster, load: Load, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += CHURN_RATE) {
    await steadily(CHURN_RATE, CHURN_RATE, async i => {
      const index = load.services / 2 + ((n + i) % (load.services / 2))
      const slice = sourceSlice(`${load.prefix}-${index}`, load, index)
      const moved = slice.endpoints.map((endpoint, e) =>
        e < CHURN_ENDPOINTS
          ? { ...endpoint, addresses: [`20.${251 + (n % 3)}.${(n + i) & 255}.${e}`] }
          : endpoint,
      )
      await client.update(ENDPOINT_SLICES, { ...slice, endpoints: moved })
    })
  }
}

function withFirstAddress(slice: EndpointSlice, first: string): EndpointSlice {
  const [one, ...rest] = slice.endpoints
  return { ...slice, endpoints: [{ ...one, addresses: [first] }, ...rest] }
}

/**
 * When changes arrive in imported slices, and how many of these there are: by a watch, as lists of them, again and
 * again, would be the better part of the load. One that was overtaken by a later one of the same slice has arrived with that. */
class Arrivals {
  readonly #expected = new Map<string, { n: number; arrived: (at: number) => void }[]>()
  readonly #names = new Set<string>()
  readonly #stopping = new AbortController()

  static async of(client: ClusterClient): Promise<Arrivals> {
    const arrivals = new Arrivals()
    let isOpen = false
    void arrivals.#follow(client, () => {
      isOpen = true
    })
    await until('the watch is open', () => isOpen)
    return arrivals
  }

  /** Of change `n` of that service, or a later one. */
  expect(service: string, n: number): Promise<number> {
    const waiting = this.#expected.get(service) ?? []
    this.#expected.set(service, waiting)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${service}: a change did not arrive within a minute`)),
        60_000,
      )
      const arrived = (at: number) => {
        clearTimeout(timer)
        resolve(at)
      }
      waiting.push({ n, arrived })
    })
  }

  whenThere(slices: number): Promise<unknown> {
    return until(`${slices} slices are imported`, () => this.#names.size >= slices, 600_000)
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #follow(client: ClusterClient, onOpen: () => void): Promise<void> {
    const { signal } = this.#stopping
    const options = { namespace: NAMESPACE, labelSelector: IMPORTED, timeoutSeconds: 3000, signal, onOpen }
    try {
      for await (const { object } of client.watch(ENDPOINT_SLICES, options)) {
        const { name = '', labels } = object.metadata
        this.#names.add(name)
        const service = labels?.[IMPORTED] ?? ''
        const n = changeOf(object.endpoints?.[0]?.addresses[0] ?? '')
        const waiting = this.#expected.get(service)
        while (waiting?.[0] !== undefined && waiting[0].n <= n) waiting.shift()?.arrived(performance.now())
      }
    } catch (error) {
      // What is still expected times out, and says so.
      if (!signal.aborted) console.error(error)
    }
  }
}

const CHANGED = '20.250.'

function addressOf(change: number): string {
  return `${CHANGED}${(change >> 8) & 255}.${change & 255}`
}

/** The change that an address stands for; -1 for one that was there from the start. */
function changeOf(address: string): number {
  if (!address.startsWith(CHANGED)) return -1
  const [high = 0, low = 0] = address.slice(CHANGED.length).split('.').map(Number)
  return high * 256 + low
}
