import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import type { EndpointSlice, Service } from '@isthmus/api'
import { type AddressClaim, claimBlock } from '../addresses/claim.ts'
import { loopbackOf } from '../addresses/loopback.ts'
import { eventually } from '../testing/eventually.ts'
import { ServiceProxy } from './service-proxy.ts'

const PORT = 8080
let claim: AddressClaim
let proxy: ServiceProxy
const backends = new Map<string, Server>()

before(async () => {
  claim = await claimBlock()
  for (const host of [2, 3, 4]) backends.set(pod(host), await backend(pod(host)))
})
after(async () => {
  await proxy.stop()
  for (const server of backends.values()) server.close()
  await claim.release()
})
beforeEach(async () => {
  await proxy?.stop()
  proxy = new ServiceProxy({ node: { name: 'east-1', zone: 'east-a' } })
})

const pod = (host: number) => `10.${claim.block}.0.${host}`
const clusterIP = () => `127.${claim.block}.8.10`

/** Answers everything with its own address once the client has said all it has to say. */
async function backend(address: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    let received = ''
    socket.on('data', data => {
      received += data
    })
    socket.on('end', () => socket.end(`${address} ${received.length}`))
    socket.on('error', () => {})
  })
  server.listen(PORT, loopbackOf(address))
  await once(server, 'listening')
  return server
}

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'demo', name: 'hello' },
  spec: { clusterIP: clusterIP(), ports: [{ port: PORT }], ...spec },
})

const slice = (addresses: string[], port: EndpointSlice['ports'] = [{ port: PORT }]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'demo', name: 'hello-1', labels: { 'kubernetes.io/service-name': 'hello' } },
  addressType: 'IPv4',
  ports: port,
  endpoints: addresses.map(address => ({ addresses: [address] })),
})

function serve(addresses: string[], spec?: Partial<Service['spec']>): Promise<void> {
  proxy.serviceChanged('demo/hello', service(spec))
  proxy.sliceChanged('demo/hello-1', slice(addresses))
  return eventually(() =>
    assert.ok(proxy.ports().every(({ listening }) => listening === addresses.length > 0)),
  )
}

/** Says `text` on a new connection; resolves with the answer. */
async function call(text = 'hello', localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ host: clusterIP(), port: PORT, localAddress })
  return answerOf(socket.end(text))
}

async function answerOf(socket: Socket): Promise<string> {
  let answer = ''
  for await (const data of socket) answer += data
  return answer
}

test('1,000 connections are spread evenly and both directions carry everything', async () => {
  await serve([pod(2), pod(3), pod(4)])
  const counts = new Map<string, number>()
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => call()))
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  assert.deepEqual([...counts.values()].sort(), [333, 333, 334])
  assert.equal((await call('x'.repeat(1_000_000))).split(' ')[1], '1000000')
})

test('without endpoints connections are refused, and answered again when there is one', async () => {
  await serve([])
  await assert.rejects(call(), { code: 'ECONNREFUSED' })
  await serve([pod(2)])
  assert.match(await call(), new RegExp(`^${pod(2)} `))
  await serve([])
  await assert.rejects(call(), { code: 'ECONNREFUSED' })
  proxy.serviceChanged('demo/hello', undefined)
  await eventually(() => assert.deepEqual(proxy.ports(), []))
})

test('an established connection outlives its endpoint leaving the Service', async () => {
  await serve([pod(2)])
  const socket = connect({ host: clusterIP(), port: PORT })
  await once(socket, 'connect')
  await eventually(async () => {
    assert.ok((await connectionsOf(pod(2))) > 0)
  })
  await serve([])
  assert.match(await answerOf(socket.end('hello')), new RegExp(`^${pod(2)} 5`))
})

test('an endpoint that refuses resets the connection', async () => {
  await serve([pod(9)])
  await assert.rejects(call(), { code: 'ECONNRESET' })
})

test('with ClientIP affinity a client stays where it was', async () => {
  await serve([pod(2), pod(3), pod(4)], { sessionAffinity: 'ClientIP' })
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => call('hello', `127.0.0.${1 + (n % 3)}`)),
  )
  const byClient = [0, 1, 2].map(client => new Set(answers.filter((_, n) => n % 3 === client)))
  assert.deepEqual(
    byClient.map(({ size }) => size),
    [1, 1, 1],
  )
  assert.equal(new Set(answers).size, 3)
})

test('a port in use is reported, and taken as soon as it is free', async () => {
  const squatter = createServer().listen(PORT, clusterIP())
  await once(squatter, 'listening')
  proxy.serviceChanged('demo/hello', service())
  proxy.sliceChanged('demo/hello-1', slice([pod(2)]))
  await eventually(() => assert.equal(proxy.ports()[0]?.error?.code, 'EADDRINUSE'))
  squatter.close()
  await eventually(() => assert.equal(proxy.ports()[0]?.listening, true))
  assert.equal(proxy.ports()[0]?.error, undefined)
})

test('datagrams of one client go to one endpoint, those of many are spread, answers find back', async t => {
  const echoes = await Promise.all([pod(2), pod(3)].map(udpBackend))
  t.after(() => {
    for (const echo of echoes) echo.close()
  })
  proxy.serviceChanged('demo/hello', service({ ports: [{ port: PORT, protocol: 'UDP' }] }))
  const udp = (addresses: string[]) => slice(addresses, [{ port: PORT, protocol: 'UDP' }])
  proxy.sliceChanged('demo/hello-1', udp([pod(2), pod(3)]))
  await eventually(() => assert.equal(proxy.ports()[0]?.listening, true))

  const clients = await Promise.all(Array.from({ length: 4 }, udpClient))
  t.after(() => {
    for (const client of clients) client.socket.close()
  })
  const answers = await Promise.all(clients.map(async ({ ask }) => [await ask(), await ask()]))
  for (const [first, second] of answers) assert.equal(first, second)
  const first = answers.map(([answer]) => answer)
  assert.deepEqual(first.sort(), [pod(2), pod(2), pod(3), pod(3)])

  proxy.sliceChanged('demo/hello-1', udp([pod(2)]))
  const [client] = clients
  assert.ok(client)
  await eventually(async () => assert.equal(await client.ask(), pod(2)))
})

async function connectionsOf(address: string): Promise<number> {
  const server = backends.get(address)
  return new Promise((resolve, reject) => {
    server?.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

async function udpBackend(address: string) {
  const socket = createSocket('udp4', (_, { port, address: client }) => socket.send(address, port, client))
  socket.bind(PORT, loopbackOf(address))
  await once(socket, 'listening')
  return socket
}

async function udpClient() {
  const socket = createSocket('udp4')
  socket.connect(PORT, clusterIP())
  await once(socket, 'connect')
  const ask = async () => {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(5000) })
    socket.send('who?')
    return String((await answer)[0])
  }
  return { socket, ask }
}
