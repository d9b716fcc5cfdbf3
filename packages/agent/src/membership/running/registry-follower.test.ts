/** Registries that answer what no registry holds. */
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { eventually } from '../../testing/eventually.ts'
import { RegistryFollower } from './registry-follower.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const profile = (name: string, more: object = {}) => ({
  metadata: { namespace: 'registry', name, uid: `${name}-uid`, resourceVersion: '1', ...more },
})

/** Follows a registry whose lists of ClusterProfiles are those; watches say that, and then nothing. */
async function followed(page: (number: number) => { items: object[]; more: boolean }, events = '') {
  let pages = 0
  let seen = 0
  const answer = (url: URL, response: ServerResponse) => {
    const isProfiles = url.pathname.endsWith('/clusterprofiles')
    if (url.searchParams.get('watch') !== null) {
      response.writeHead(200).flushHeaders()
      return isProfiles && response.write(events)
    }
    const { items, more } = isProfiles ? page(pages++) : { items: [], more: false }
    const metadata = { resourceVersion: '1', ...(more ? { continue: 'more' } : {}) }
    return response.end(JSON.stringify({ metadata, items }))
  }
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '', 'http://registry'), response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const follower = new RegistryFollower({
    clusterId: 'east',
    access: {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      namespace: 'registry',
      token: 'token',
      issuedAt: '2026-11-22T08:00:00Z',
      expiresAt: '2026-11-23T08:00:00Z',
    },
    onProfile: () => seen++,
    onDeparted: () => {},
    onPolicy: () => {},
  })
  stops.push(async () => {
    await follower.stop()
    server.closeAllConnections()
    server.close()
  })
  follower.start()
  return { follower, pages: () => pages, seen: () => seen }
}

describe('of a hostile registry', () => {
  it('a list without end is not read', async () => {
    const { follower, pages } = await followed(number => ({
      items: Array.from({ length: 100 }, (_, i) => profile(`m-${number}-${i}`)),
      more: number < 500,
    }))
    await eventually(() => assert.match(follower.why ?? '', /that is not read/))
    assert.ok(pages() < 100, `${pages()} pages were read`)
    assert.equal(follower.isKnown, false)
  })

  it('events without end are read no faster than members would make them', async () => {
    const events = Array.from({ length: 10_000 }, (_, i) =>
      JSON.stringify({ type: 'MODIFIED', object: profile('west', { resourceVersion: `${i + 2}` }) }),
    )
    const startedAt = performance.now()
    const { seen } = await followed(() => ({ items: [], more: false }), `${events.join('\n')}\n`)
    await eventually(() => assert.ok(seen() >= 2_100))
    // A burst of 2,000 passes; of what follows, 200 in a second.
    assert.ok(performance.now() - startedAt >= 500)
  })

  it('a profile whose parts are of other types than they should be is one that says nothing', async () => {
    const annotations = { 'isthmus.dev/relink-requested': 5 }
    const { follower } = await followed(() => ({
      items: [
        { ...profile('west', { annotations }), status: { properties: [null] } },
        profile('east', { annotations }),
      ],
      more: false,
    }))
    await eventually(() => assert.ok(follower.isKnown))
    const seen = follower.seen('west')
    assert.deepEqual([seen?.profile?.access, seen?.profile?.relinkRequested], [undefined, ''])
    assert.equal(seen?.relinkRequested, '')
  })
})
