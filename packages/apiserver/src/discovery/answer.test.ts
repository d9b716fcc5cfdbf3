import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ApiServer } from '../index.ts'

it('discovery is read, and nothing else is done to it', async t => {
  const server = new ApiServer({ controllers: false })
  t.after(() => server.close())
  const { url } = await server.listen()
  for (const path of ['/api', '/apis', '/api/v1', '/apis/apps', '/apis/apps/v1', '/version']) {
    assert.equal((await fetch(url + path)).status, 200, path)
    const refused = await fetch(url + path, { method: 'POST' })
    assert.equal(refused.status, 405, path)
    assert.equal(((await refused.json()) as { reason: string }).reason, 'MethodNotAllowed')
  }
})
