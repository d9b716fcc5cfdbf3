import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { IsthmusError } from '@isthmus/api'
import { ApiServer, type ApiServerOptions } from '../api-server.ts'

const CONFIG_MAPS = { group: '', plural: 'configmaps' }
const SERVICE_ACCOUNTS = { group: '', plural: 'serviceaccounts' }
const list = '/api/v1/namespaces/default/configmaps'

suite('a data folder', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'isthmus-apiserver-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** One run of a server on the folder; without controllers, which would write. */
  async function run<T>(
    use: (server: ApiServer, url: string) => Promise<T>,
    options: ApiServerOptions = {},
  ): Promise<T> {
    const server = new ApiServer({ data: folder, controllers: false, ...options })
    const { url } = await server.listen()
    try {
      return await use(server, url)
    } finally {
      await server.close()
    }
  }

  test('brings back objects as they were, and versions go on', async () => {
    const before = await run(async server => {
      server.local.create(CONFIG_MAPS, { metadata: { name: 'gone' } })
      server.local.delete(CONFIG_MAPS, 'default', 'gone')
      return server.local.create(CONFIG_MAPS, { metadata: { name: 'a' }, data: { x: '1' } })
    })
    await run(async server => {
      assert.deepEqual(server.local.get(CONFIG_MAPS, 'default', 'a'), before)
      assert.equal(server.local.get(CONFIG_MAPS, 'default', 'gone'), undefined)
      const next = server.local.create(CONFIG_MAPS, { metadata: { name: 'b' } })
      assert.ok(Number(next.metadata.resourceVersion) > Number(before.metadata.resourceVersion))
    })
  })

  test('lets a watch go on where it was, or says that it cannot', async () => {
    const [early, late] = await run(async server => {
      const first = server.local.create(CONFIG_MAPS, { metadata: { name: 'a' } })
      server.local.create(CONFIG_MAPS, { metadata: { name: 'b' } })
      return [first.metadata.resourceVersion, String(server.storage.revision)]
    })
    await run(async (server, url) => {
      const watch = async (version: string) => {
        const response = await fetch(`${url}${list}?watch=true&resourceVersion=${version}`)
        server.local.create(CONFIG_MAPS, { metadata: { generateName: 'c-' } })
        const { value } = (await response.body?.getReader().read()) ?? {}
        const event = JSON.parse(Buffer.from(value ?? []).toString())
        return event.object.code ?? event.type
      }
      assert.equal(await watch(late), 'ADDED')
      assert.equal(await watch(early), 410)
    })
  })

  test('keeps the keys: a token and a certificate of the first run are good in the second', async () => {
    const options: ApiServerOptions = { tls: true, authorization: 'RBAC' }
    const issued = await run(async server => {
      const account = server.local.create(SERVICE_ACCOUNTS, { metadata: { name: 'u' } })
      const { tokens } = server.security
      const { token } = tokens.issue({ account, audiences: [tokens.issuer], expirationSeconds: 600 })
      return { token, authority: (await server.kubeconfig()).clusters[0]?.cluster }
    }, options)
    await run(async server => {
      assert.equal(
        server.security.tokens.verify(issued.token).user.username,
        'system:serviceaccount:default:u',
      )
      const { cluster } = (await server.kubeconfig()).clusters[0] ?? {}
      assert.equal(cluster?.['certificate-authority-data'], issued.authority?.['certificate-authority-data'])
    }, options)
  })

  test('is for its owner alone, and has nothing half written in it', async () => {
    await run(async () => {})
    assert.deepEqual(readdirSync(folder).sort(), ['keys.json', 'state.json'])
    for (const name of readdirSync(folder)) {
      assert.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600)
    }
  })

  for (const text of ['{', '{}', '{"format":2,"revision":1,"resources":[]}', '{"format":1,"revision":"x"}']) {
    test(`that is not one is refused: ${text}`, () => {
      writeFileSync(path.join(folder, 'state.json'), text)
      assert.throws(
        () => new ApiServer({ data: folder }),
        (e: unknown) => e instanceof IsthmusError && e.message.includes(path.join(folder, 'state.json')),
      )
    })
  }
})
