/** Whatever listens, against clients that are slow, or large, or many: they are cut off, and others are served meanwhile. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { serveHealth } from '@isthmus/agent'
import { ApiServer } from '@isthmus/apiserver'
import { DnsServer, ObjectSource } from '@isthmus/dns'
import { Registry } from 'prom-client'

interface Listener {
  readonly open: () => Socket
  /** A client that means well is answered. */
  readonly serve: () => Promise<void>
  /** Bytes of a request that never comes to its end. */
  readonly trickle: string
  /** A request that is larger than any; undefined where the same is refused by its length alone. */
  readonly huge: Buffer
  /** Connections that are more than are held. */
  readonly many: number
  readonly close: () => Promise<void>
}

const HTTP = {
  trickle: `GET /healthz HTTP/1.1\r\nhost: a\r\nx-${'slow'.repeat(500)}`,
  huge: Buffer.from(`GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(200_000)}\r\n\r\n`),
}
const DNS_QUERY = Buffer.from('001e000701000001000000000000066a756e6b65720568656c6c6f0000010001', 'hex')

async function http(url: string): Promise<void> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) })
  assert.equal(response.status, 200)
}

const LISTENERS: Record<string, () => Promise<Listener>> = {
  async 'health and metrics'() {
    const agent = { ready: true, status: () => ({ reasons: [] }), metrics: new Registry() }
    const { url, close } = await serveHealth({ agent, port: 0 })
    const port = Number(new URL(url).port)
    return { ...HTTP, open: () => connect(port, '127.0.0.1'), serve: () => http(url), many: 64, close }
  },
  async 'API server'() {
    const limits = { headerSeconds: 0.5, requestSeconds: 1, connections: 60 }
    const server = new ApiServer({ limits, controllers: false })
    const { url } = await server.listen()
    const port = Number(new URL(url).port)
    return {
      ...HTTP,
      open: () => connect(port, '127.0.0.1'),
      serve: () => http(url),
      many: 60,
      close: () => server.close(),
    }
  },
  async 'API server with TLS'() {
    const limits = { headerSeconds: 0.5, requestSeconds: 1, connections: 60 }
    const server = new ApiServer({ limits, controllers: false, tls: true })
    const { url } = await server.listen()
    const port = Number(new URL(url).port)
    const open = () =>
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    const serve = async () => {
      const socket = open()
      socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
      assert.match(Buffer.concat(await socket.toArray()).toString(), /^HTTP\/1.1 200/)
    }
    return { ...HTTP, open, serve, many: 60, close: () => server.close() }
  },
  async 'DNS over TCP'() {
    const server = new DnsServer({
      source: new ObjectSource([]),
      tcpIdleTimeoutMs: 1_000,
      maxTcpConnections: 60,
    })
    const { address, port } = await server.listen({ port: 0 })
    const serve = async () => {
      const socket = connect(port, address)
      socket.write(DNS_QUERY)
      const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer]
      assert.equal(answer.readUInt16BE(2), 7)
      socket.destroy()
    }
    const huge = Buffer.concat([Buffer.from([0xff, 0xff]), Buffer.alloc(65_535)])
    return {
      open: () => connect(port, address),
      serve,
      trickle: DNS_QUERY.toString('latin1'),
      huge,
      many: 60,
      close: () => server.close(),
    }
  },
}

for (const [what, start] of Object.entries(LISTENERS)) {
  describe(what, { concurrency: false }, () => {
    let listener: Listener
    before(async () => {
      listener = await start()
    })
    after(() => listener.close())

    it('cuts off who sends a byte at a time, and serves others meanwhile', async () => {
      const slow = Array.from({ length: 20 }, () => quiet(listener.open()))
      let sent = 0
      const trickling = setInterval(() => {
        // Never to the end.
        const byte = listener.trickle.slice(sent, sent + 1)
        if (++sent < listener.trickle.length)
          for (const socket of slow) if (socket.writable) socket.write(byte, 'latin1')
      }, 100)
      try {
        await listener.serve()
        await within(15_000, Promise.all(slow.map(ended)))
      } finally {
        clearInterval(trickling)
      }
    })

    it('does not take in what is larger than any request', async () => {
      const socket = quiet(listener.open())
      socket.write(listener.huge)
      await within(10_000, ended(socket))
      assert.ok(socket.bytesRead < 1_000, 'no more than a refusal came back')
      await listener.serve()
    })

    it('holds so many connections and no more, and serves again when they are gone', async () => {
      const sockets: Socket[] = []
      for (let i = 0; i < listener.many + 20; i++) sockets.push(quiet(listener.open()))
      const gone = Promise.all(sockets.map(ended))
      // Those beyond are closed, or the oldest for them; the others are idle, and go by themselves or now.
      await within(
        10_000,
        until(() => sockets.filter(socket => socket.destroyed || socket.readableEnded).length >= 20),
      )
      for (const socket of sockets) socket.destroy()
      await within(10_000, gone)
      await within(
        10_000,
        until(() =>
          listener.serve().then(
            () => true,
            () => false,
          ),
        ),
      )
    })
  })
}

function quiet<T extends Socket>(socket: T): T {
  socket.on('error', () => {})
  socket.resume()
  return socket
}

async function ended(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>(resolve => socket.once('close', () => resolve()))
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20)
}

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  const late = delay(ms, 'late', { signal: timer.signal }).catch(() => 'late')
  assert.notEqual(await Promise.race([promise.then(() => 'in time'), late]), 'late', `not within ${ms} ms`)
  timer.abort()
}
