import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { IsthmusError } from '@isthmus/api'
import { streamEncode } from 'dns-packet'
import { DnsServer, type DnsServerSettings, ObjectSource } from './index.ts'
import {
  clusterSetIP,
  decodeAnswer,
  encodeQuestion,
  headless,
  recordLines,
  slice,
} from './testing/zone-fixture.ts'

const NAME = 'web.demo.svc.clusterset.local'
const QUERY = encodeQuestion({ name: NAME, type: 'A' })

const OBJECTS = [clusterSetIP('web', '10.0.0.1'), headless('many'), slice('many', 100)]

/** No test takes long: one that waits for ever fails. */
const BOUNDED = { timeout: 10_000 }

const cleanups: (() => unknown)[] = []
after(async () => {
  for (const cleanup of cleanups) await cleanup()
})

async function startServer(settings: DnsServerSettings = {}) {
  const server = new DnsServer({ source: new ObjectSource(OBJECTS), ...settings })
  cleanups.push(() => server.close())
  const { port } = await server.listen({ port: 0 })
  await server.whenSynced()
  return { server, port }
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Reads, so that the end is seen, until the connection is closed. */
function closing(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()).resume())
}

/** Reads so many framed answers. */
async function readAnswers(socket: Socket, count: number) {
  const answers: Buffer[] = []
  let unread = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0)
      answers.push(unread.subarray(2, end))
      unread = unread.subarray(end)
    }
    if (answers.length >= count) break
  }
  assert.equal(answers.length, count)
  return answers.map(decodeAnswer)
}

function withId(query: Buffer, id: number): Buffer {
  const copy = Buffer.from(query)
  copy.writeUInt16BE(id, 0)
  return copy
}

const framed = (query: Buffer) =>
  Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query])

describe('over UDP', BOUNDED, () => {
  it('answers at the port it gives, and what cannot be answered does no harm', async () => {
    const { port, server } = await startServer()
    const socket = createSocket('udp4')
    cleanups.push(() => socket.close())
    socket.send(Buffer.alloc(5), port, '127.0.0.1')
    socket.send(QUERY, port, '127.0.0.1')
    const [answer] = await once(socket, 'message')
    assert.deepEqual(recordLines(decodeAnswer(answer).answers), [`${NAME} A 10.0.0.1`])
    assert.equal(server.counters.ignored, 1)
  })

  it('answers a burst, each query with its own answer', async () => {
    const { port } = await startServer()
    const socket = createSocket('udp4')
    cleanups.push(() => socket.close())
    const missing = new Set(Array.from({ length: 100 }, (_, id) => id))
    for (const id of missing) socket.send(withId(QUERY, id), port, '127.0.0.1')
    while (missing.size > 0) {
      const [message] = await once(socket, 'message')
      const { id = -1, answers } = decodeAnswer(message)
      assert.equal(answers?.length, 1)
      missing.delete(id)
    }
  })
})

describe('over TCP', BOUNDED, () => {
  it('answers many queries on one connection, in order, however they are cut', async () => {
    const { port } = await startServer()
    const socket = await connectTo(port)
    const queries = Buffer.concat([1, 2, 3, 4, 5].map(id => framed(withId(QUERY, id))))
    const reading = readAnswers(socket, 5)
    socket.setNoDelay(true)
    for (const cut of [1, 2, 3, 60, 61, 130]) {
      const start = socket.bytesWritten
      socket.write(queries.subarray(start, cut))
      await delay(1)
    }
    socket.write(queries.subarray(socket.bytesWritten))
    assert.deepEqual(
      (await reading).map(({ id }) => id),
      [1, 2, 3, 4, 5],
    )
  })

  it('answers a client that has closed its side already', async () => {
    const { port } = await startServer()
    const socket = await connectTo(port)
    socket.end(streamEncode({ type: 'query', id: 3, questions: [{ name: NAME, type: 'A' }] }))
    const [answer] = await readAnswers(socket, 1)
    assert.equal(answer?.id, 3)
  })

  it('stops to read while answers are not fetched, and goes on when they are', async () => {
    const { port, server } = await startServer()
    const socket = await connectTo(port)
    // 20 MB of answers: more than the buffers of the system take.
    const count = 2000
    const query = encodeQuestion({ name: 'many.demo.svc.clusterset.local', type: 'SRV' })
    socket.pause()
    socket.write(Buffer.concat(Array.from({ length: count }, () => framed(query))))
    const answered = () => [...server.counters.answers()].reduce((sum, { count }) => sum + count, 0)
    let before = -1
    while (before !== answered()) {
      before = answered()
      await delay(50)
    }
    assert.ok(before < count, 'all were answered before any was read')
    await readAnswers(socket, count)
  })

  it('closes a connection that sends no whole query in time, whatever else it sends', async () => {
    const { port, server } = await startServer({ tcpIdleTimeoutMs: 50 })
    const silent = await connectTo(port)
    const dripping = await connectTo(port)
    const bytes = framed(QUERY).values()
    const drip = setInterval(() => dripping.write(Buffer.from([bytes.next().value ?? 0])), 20)
    await Promise.all([closing(silent), closing(dripping)])
    clearInterval(drip)
    while (server.counters.connections > 0) await delay(1)
  })

  it('closes a connection that sends what is too long for a query', async () => {
    const { port } = await startServer()
    const socket = await connectTo(port)
    socket.write(Buffer.from([0xff, 0xff]))
    await closing(socket)
  })

  it('makes room for a new connection by closing the one that has not asked for longest', async () => {
    const { port, server } = await startServer({ maxTcpConnections: 2 })
    const first = await connectTo(port)
    const second = await connectTo(port)
    first.write(framed(QUERY))
    await readAnswers(first, 1)
    const closed = closing(second)
    const third = await connectTo(port)
    await closed
    for (const socket of [first, third]) {
      socket.write(framed(QUERY))
      await readAnswers(socket, 1)
    }
    assert.equal(server.counters.connectionsEvicted, 1)
  })
})

describe('listening', BOUNDED, () => {
  it('says who is in the way when the port is in use, over TCP or UDP', async () => {
    const { port } = await startServer()
    const other = new DnsServer({ source: new ObjectSource() })
    cleanups.push(() => other.close())
    await assert.rejects(other.listen({ port }), error => {
      assert.ok(error instanceof IsthmusError)
      assert.equal(error.code, 'ISTHMUS_DNS_PORT_IN_USE')
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1, port ${port}: TCP`))
      return true
    })
    let taken = 0
    let message = ''
    // A port that is free for UDP may be taken for TCP, by whatever runs beside.
    while (!/UDP/.test(message)) {
      const udp = createSocket('udp4')
      cleanups.push(() => udp.close())
      udp.bind(0, '127.0.0.1')
      await once(udp, 'listening')
      taken = udp.address().port
      message = await other.listen({ port: taken }).then(() => 'it listens', String)
    }
    assert.match(message, /UDP port \d+ is in use/)
    // And leaves TCP as it was.
    const tcp = createServer().listen(taken, '127.0.0.1')
    await once(tcp, 'listening')
    tcp.close()
  })

  for (const host of ['localhost', '192.0.2.1', 'not an address']) {
    it(`refuses ${host}`, async () => {
      const server = new DnsServer({ source: new ObjectSource() })
      cleanups.push(() => server.close())
      await assert.rejects(server.listen({ host, port: 0 }), { code: 'ISTHMUS_DNS_ADDRESS_UNUSABLE' })
    })
  }

  it('answers over IPv6', async t => {
    const server = new DnsServer({ source: new ObjectSource() })
    cleanups.push(() => server.close())
    const listening = await server.listen({ host: '::1', port: 0 }).catch(() => undefined)
    if (!listening) return t.skip('this machine has no IPv6')
    await server.whenSynced()
    const socket = createSocket('udp6')
    cleanups.push(() => socket.close())
    socket.send(QUERY, listening.port, '::1')
    const [answer] = await once(socket, 'message')
    assert.equal(decodeAnswer(answer).rcode, 'NXDOMAIN')
  })

  it('is over when closed: nobody is connected, and the port is free', async () => {
    const { server, port } = await startServer()
    const socket = await connectTo(port)
    const closed = closing(socket)
    await server.close()
    await closed
    const next = new DnsServer({ source: new ObjectSource() })
    cleanups.push(() => next.close())
    assert.equal((await next.listen({ port })).port, port)
  })
})
