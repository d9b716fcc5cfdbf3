import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { attempt, type Outcome } from './attempt.ts'
import { reportText } from './report.ts'
import { PodResolver } from './resolve.ts'
import { namesToTry } from './search-path.ts'
import { tally } from './tally.ts'

test('a pod tries its search path before a name with few dots, and after one with many', () => {
  assert.deepEqual(namesToTry('hello.demo'), [
    'hello.demo.default.svc.cluster.local',
    'hello.demo.svc.cluster.local',
    'hello.demo.cluster.local',
    'hello.demo',
  ])
  assert.equal(namesToTry('a.b.hello.demo.svc.clusterset.local')[0], 'a.b.hello.demo.svc.clusterset.local')
  assert.deepEqual(namesToTry('hello.demo.svc.clusterset.local.'), ['hello.demo.svc.clusterset.local'])
})

const network = (server: string, route = (address: string) => address) => ({
  resolver: new PodResolver(server),
  route,
})

/** A DNS server that knows some A records; `asked` are the names in the order of the questions. */
async function dnsServer(t: TestContext, records: Record<string, string>) {
  const asked: string[] = []
  const socket: Socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const labels: string[] = []
    let end = 12
    for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
      labels.push(query.toString('latin1', end + 1, end + 1 + length))
      end += length + 1
    }
    const name = labels.join('.').toLowerCase()
    const isA = query.readUInt16BE(end + 1) === 1
    asked.push(`${name} ${isA ? 'A' : 'AAAA'}`)
    const address = records[name]
    const question = query.subarray(12, end + 5)
    const answers = address !== undefined && isA ? 1 : 0
    // As a server that has the zone clusterset.local alone: REFUSED beyond it.
    const missing = name.endsWith('.cluster.local') ? 5 : 3
    const head = Buffer.from([0, 0, 0x84, address === undefined ? missing : 0, 0, 1, 0, answers, 0, 0, 0, 0])
    query.copy(head, 0, 0, 2)
    const record = Buffer.from([
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      5,
      0,
      4,
      ...(address ?? '').split('.').map(Number),
    ])
    socket.send(Buffer.concat([head, question, ...(answers ? [record] : [])]), from.port, from.address)
  })
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  t.after(() => socket.close())
  return { asked, server: `127.0.0.1:${socket.address().port}` }
}

async function echo(t: TestContext, status = 200): Promise<number> {
  const server = createServer((request, response) => {
    response.statusCode = status
    response.end(JSON.stringify({ cluster: 'east', pod: 'hello-1', host: request.headers.host }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('a request asks the DNS server as a pod does, connects to the answer and tells who answered', async t => {
  const { asked, server } = await dnsServer(t, { 'hello.demo.svc.clusterset.local': '127.0.0.1' })
  const url = new URL(`http://hello.demo.svc.clusterset.local:${await echo(t)}/`)
  const { ms, ...outcome } = await attempt(url, network(server), 5_000)
  assert.ok(ms > 0)
  assert.deepEqual(outcome, { address: '127.0.0.1', status: 200, cluster: 'east', pod: 'hello-1' })
  assert.deepEqual(asked, [
    'hello.demo.svc.clusterset.local.default.svc.cluster.local A',
    'hello.demo.svc.clusterset.local.svc.cluster.local A',
    'hello.demo.svc.clusterset.local.cluster.local A',
    'hello.demo.svc.clusterset.local A',
  ])
})

test('an address is reached by the route of the network', async t => {
  const { server } = await dnsServer(t, { 'pod.local': '10.0.0.1' })
  const outcome = await attempt(
    new URL(`http://pod.local.:${await echo(t)}/`),
    network(server, address => address.replace('10.', '127.')),
    5_000,
  )
  assert.deepEqual([outcome.address, outcome.cluster], ['10.0.0.1', 'east'])
})

test('what fails is told by its kind', async t => {
  const { server } = await dnsServer(t, { 'there.local': '127.0.0.1' })
  const usual = network(server)
  const port = await echo(t, 503)
  const kind = async (url: string, by = usual) => (await attempt(new URL(url), by, 2_000)).error
  assert.equal(await kind('http://nowhere.local.:80/'), 'no such name')
  assert.equal(await kind('http://there.local.:1/'), 'connection refused')
  assert.equal(await kind(`http://there.local.:${port}/`), 'HTTP 503')
  assert.equal(await kind('http://there.local.:80/', network('127.0.0.1:1')), 'the DNS server is not running')
})

test('a server that does not answer is given up in time', async t => {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => silent.closeAllConnections())
  t.after(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const outcome = await attempt(new URL(`http://127.0.0.1:${port}/`), network('127.0.0.1:1'), 50)
  assert.equal(outcome.error, 'timed out')
})

const OUTCOMES: Outcome[] = [
  { ms: 1, address: '127.1.0.1', status: 200, cluster: 'east', pod: 'hello-1' },
  { ms: 2, address: '127.1.0.1', status: 200, cluster: 'west', pod: 'hello-9' },
  { ms: 3, address: '127.1.0.1', status: 200, cluster: 'west', pod: 'hello-8' },
  { ms: 4, address: '127.1.0.1', status: 200, cluster: 'west', pod: 'hello-8' },
  { ms: 9, address: '127.1.0.1', error: 'connection refused' },
]

test('the tally counts clusters, pods and errors; failures have no part in the latency', () => {
  assert.deepEqual(tally(OUTCOMES), {
    requests: 5,
    answered: 4,
    failed: 1,
    addresses: ['127.1.0.1'],
    clusters: { east: 1, west: 3 },
    pods: [
      { cluster: 'east', pod: 'hello-1', answers: 1 },
      { cluster: 'west', pod: 'hello-8', answers: 2 },
      { cluster: 'west', pod: 'hello-9', answers: 1 },
    ],
    errors: { 'connection refused': 1 },
    latencyMs: { p50: 2, p99: 4, max: 4 },
  })
  assert.deepEqual(tally([]).latencyMs, { p50: null, p99: null, max: null })
})

test('the report is a table for people, without anything that steers a terminal', () => {
  const evil: Outcome = { ms: 1, status: 200, cluster: 'e\x1b[2J', pod: 'p' }
  const report = reportText(tally([...OUTCOMES, evil]), 'north', 'http://hello/', 0.5)
  assert.match(report, /^6 requests from north to http:\/\/hello\/ \(127\.1\.0\.1\) in 0\.50 s\n/)
  assert.match(report, /^west +hello-8 +2 +40\.0 %$/m)
  assert.match(report, /^west +\(all\) +3 +60\.0 %$/m)
  assert.match(report, /^1 failed:\n {2}1 × connection refused$/m)
  assert.match(report, /^latency {2}p50 2\.00 ms {2}p99 4\.00 ms/m)
  assert.equal(report.includes('\x1b'), false)
})
