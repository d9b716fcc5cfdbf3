import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { suite, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { certificateIdentity } from '../auth/client-certificate.ts'
import { DEFAULT_LIMITS, type Limits } from '../limits/limits.ts'
import { CertificateAuthority, type KeyPair } from './certificate-authority.ts'
import { type Listener, listen } from './listener.ts'
import { serverIdentity } from './server-identity.ts'

const authority = await CertificateAuthority.create()
const tls = await serverIdentity(authority, '127.0.0.1', {})

/** Runs with a listener that answers who the client is. */
async function withListener(limits: Partial<Limits>, use: (url: URL) => Promise<void>): Promise<void> {
  const listener: Listener = await listen(
    (request, response) => {
      const answer = response as ServerResponse
      request.on('end', () => answer.end(JSON.stringify(certificateIdentity(request as IncomingMessage))))
      request.resume()
    },
    { host: '127.0.0.1', port: 0, limits: { ...DEFAULT_LIMITS, ...limits }, tls },
  )
  try {
    await use(new URL(listener.url))
  } finally {
    await listener.close()
  }
}

const dial = (url: URL, more: ConnectionOptions = {}) =>
  connect({ host: url.hostname, port: Number(url.port), ca: authority.certificate, ...more })

suite('a TLS listener', () => {
  const protocols: { offered: string[]; spoken: string }[] = [
    { offered: ['h2', 'http/1.1'], spoken: 'h2' },
    { offered: ['http/1.1'], spoken: 'http/1.1' },
  ]
  for (const { offered, spoken } of protocols) {
    test(`speaks ${spoken} with a client that offers ${offered.join(' and ')}`, () =>
      withListener({}, async url => {
        const socket = dial(url, { ALPNProtocols: offered })
        await once(socket, 'secureConnect')
        assert.equal(socket.alpnProtocol, spoken)
        socket.destroy()
      }))
  }

  const clients: { what: string; certificate: () => Promise<KeyPair | undefined>; identity: unknown }[] = [
    { what: 'without a certificate', certificate: async () => undefined, identity: 'none' },
    {
      what: 'with one of its authority',
      certificate: () => authority.issueClient({ username: 'alice', groups: ['a', 'b'] }),
      identity: { username: 'alice', groups: ['a', 'b'] },
    },
    {
      what: 'with one of its authority that is for servers',
      certificate: () => authority.issueServer(['localhost']),
      identity: 'untrusted',
    },
    {
      what: 'with one that names nobody',
      certificate: () => authority.issueClient({ username: '', groups: ['system:masters'] }),
      identity: 'untrusted',
    },
    {
      what: 'with one that has expired',
      certificate: () => authority.issueClient({ username: 'alice', groups: [] }, new Date('2020-01-01')),
      identity: 'untrusted',
    },
    {
      what: 'with one of somebody else',
      certificate: async () =>
        (await CertificateAuthority.create()).issueClient({ username: 'alice', groups: [] }),
      identity: 'untrusted',
    },
  ]
  for (const { what, certificate, identity } of clients) {
    test(`knows a client ${what}`, () =>
      withListener({}, async url => {
        const pair = await certificate()
        const credentials = pair ? { cert: pair.certificate, key: pair.privateKey } : {}
        const session = connectHttp2(url, { ca: authority.certificate, ...credentials })
        // The second request finds the identity of the connection known already.
        for (let i = 0; i < 2; i++) {
          const answer = Buffer.concat(await session.request({ ':path': '/' }).toArray()).toString()
          const { extra: _, ...told } = JSON.parse(answer)
          assert.deepEqual(typeof identity === 'string' ? JSON.parse(answer) : told, identity)
        }
        session.destroy()
      }))
  }

  test('ends a request whose body does not come', () =>
    withListener({ requestSeconds: 0.05 }, async url => {
      const session = connectHttp2(url, { ca: authority.certificate })
      const stream = session.request({ ':path': '/', ':method': 'POST' }, { endStream: false })
      stream.write('{')
      stream.on('error', () => {})
      await once(stream, 'close')
      session.destroy()
    }))

  test('ends a session that is not used', () =>
    withListener({ idleSeconds: 0.05 }, async url => {
      const session = connectHttp2(url, { ca: authority.certificate })
      await session.request({ ':path': '/' }).toArray()
      await once(session, 'close')
    }))
})
