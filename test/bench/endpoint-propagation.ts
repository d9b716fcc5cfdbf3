/**
 * How long one changed endpoint takes from the exporter's EndpointSlice to the importer's, with many endpoints
 * and services around it:
 *
 *     node test/bench/endpoint-propagation.ts [slices=50] [endpoints per slice=100] [services=1000] [changes=40]
 */
import { ENDPOINT_SLICES, type EndpointSlice, NAMESPACES, SERVICE_EXPORTS, SERVICES } from '@isthmus/api'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const [slices = 50, perSlice = 100, services = 1000, changes = 40] = process.argv.slice(2).map(Number)

const set = await TestClusterSet.start(['east', 'west'])
const { server } = set.member('east')
const importer = set.member('west').server
for (const id of ['east', 'west']) {
  set
    .member(id)
    .server.local.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } })
}
const started = performance.now()
const processorAtStart = process.cpuUsage()
const processorMs = () => {
  const { user, system } = process.cpuUsage(processorAtStart)
  return (user + system) / 1000
}
exported('big')
for (let i = 0; i < slices; i++) server.local.create(ENDPOINT_SLICES, { ...slice('big', i, perSlice, 0) })
for (let n = 0; n < services; n++) {
  exported(`small-${n}`)
  server.local.create(ENDPOINT_SLICES, { ...slice(`small-${n}`, 0, 2, 0) })
}
const imported = () => importer.local.list(ENDPOINT_SLICES, 'bench') as unknown as EndpointSlice[]
await until('everything is imported', () => imported().length === slices + services, 300_000)
const ms = (n: number) => `${n.toFixed(1)} ms`
const took = performance.now() - started
console.log(
  `${slices * perSlice} endpoints and ${services} services imported: ${ms(took)}, processor time ${ms(processorMs())}`,
)
for (const id of ['east', 'west']) await set.member(id).agent?.idle()

const times: number[] = []
const processorBefore = processorMs()
for (let change = 1; change <= changes; change++) {
  const wanted = `10.250.${change >> 8}.${change & 255}`
  const arrived = Promise.withResolvers<void>()
  const stop = follow(wanted, arrived.resolve)
  const from = performance.now()
  const name = `big-${change % slices}`
  const current = server.local.get(ENDPOINT_SLICES, 'bench', name) as unknown as EndpointSlice
  const [first, ...rest] = current.endpoints
  server.local.update(ENDPOINT_SLICES, {
    ...current,
    endpoints: [{ ...first, addresses: [wanted] }, ...rest],
  })
  await arrived.promise
  times.push(performance.now() - from)
  stop()
  for (const id of ['east', 'west']) await set.member(id).agent?.idle()
}
const processor = processorMs() - processorBefore
times.sort((a, b) => a - b)
const at = (share: number) =>
  times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
console.log(
  `one endpoint changed, ${changes} times: median ${ms(at(0.5))}, p90 ${ms(at(0.9))}, worst ${ms(at(1))}`,
)
console.log(`processor time of all, servers included: ${ms(processor / changes)} a change`)
await set.stop()

function exported(name: string): void {
  const metadata = { namespace: 'bench', name }
  server.local.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ports: [{ name: 'http', port: 80 }] },
  })
  server.local.create(SERVICE_EXPORTS, {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata,
  })
}

function slice(service: string, index: number, endpoints: number, generation: number): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'bench',
      name: `${service}-${index}`,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: Array.from({ length: endpoints }, (_, i) => ({
      addresses: [`10.${index + 1}.${generation}.${i + 1}`],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${i % 20}`,
      zone: `z${i % 3}`,
    })),
  }
}

/** Calls back when an imported slice has the address. */
function follow(address: string, arrived: () => void): () => void {
  return importer.local.watch(
    ENDPOINT_SLICES,
    ({ object }) => {
      if ((object as unknown as EndpointSlice).endpoints[0]?.addresses[0] === address) arrived()
    },
    { namespace: 'bench' },
  )
}
