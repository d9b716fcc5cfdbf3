import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { test } from 'node:test'
import { ApiServer, type ApiServerOptions } from '../api-server.ts'

/** Runs with a server that has these limits, over plain HTTP. */
async function withServer(
  limits: NonNullable<ApiServerOptions['limits']>,
  use: (url: URL) => Promise<void>,
): Promise<void> {
  const server = new ApiServer({ limits, controllers: false })
  try {
    await use(new URL((await server.listen()).url))
  } finally {
    await server.close()
  }
}

const open = (url: URL): Socket => connectTcp(Number(url.port), url.hostname)

/** Sends bytes as they are, and reads until the server ends the connection. */
async function exchange(
  url: URL,
  sent: string,
): Promise<{ code: number; status: { code?: number; reason?: string } }> {
  const socket = open(url)
  socket.write(sent)
  const text = Buffer.concat(await socket.toArray()).toString()
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { code: Number(head.split(' ')[1]), status: JSON.parse(body) }
}

const malformed: { what: string; sent: string; code: number }[] = [
  { what: 'no HTTP', sent: 'hello\r\n\r\n', code: 400 },
  {
    what: 'too large a header',
    sent: `GET /version HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(5000)}\r\n\r\n`,
    code: 431,
  },
]
for (const { what, sent, code } of malformed) {
  test(`${what} is answered with a Status`, () =>
    withServer({ headerBytes: 4096 }, async url => {
      const answer = await exchange(url, sent)
      assert.deepEqual([answer.code, answer.status.code], [code, code])
    }))
}

test('a watch too many is answered 429, until another ends', () =>
  withServer({ watches: 2 }, async url => {
    const watch = (signal?: AbortSignal) =>
      fetch(new URL('/api/v1/namespaces?watch=true', url), signal ? { signal } : {})
    const first = new AbortController()
    const answers = [await watch(first.signal), await watch(), await watch()]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429],
    )
    assert.equal(answers[2]?.headers.get('retry-after'), '1')
    assert.equal((await fetch(new URL('/api/v1/namespaces', url))).status, 200)
    first.abort()
    while ((await watch()).status === 429) await new Promise(setImmediate)
  }))

test('a connection too many is closed', () =>
  withServer({ connections: 2 }, async url => {
    const kept = [open(url), open(url)]
    await Promise.all(kept.map(socket => once(socket, 'connect')))
    const refused = open(url)
    await Promise.race([once(refused, 'close'), once(refused, 'error')])
    for (const socket of kept) socket.destroy()
  }))

test('a connection that is not used ends', () =>
  withServer({ idleSeconds: 0.05 }, async url => {
    const socket = open(url)
    socket.write('GET /version HTTP/1.1\r\nhost: a\r\n\r\n')
    assert.match(Buffer.concat(await socket.toArray()).toString(), /"major":"1"/)
  }))
