import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ApiError, Store } from '@isthmus/kube'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { eventually } from '../testing/eventually.ts'
import { LostMembers } from './lost-members.ts'

it('what is written of a member that leaves is written before it is forgotten, and nothing after', async () => {
  const writing = Promise.withResolvers<void>()
  const written: string[] = []
  const links = new Map([['west', lostLink('west')]])
  let now = Date.parse('2026-11-22T08:00:00Z')
  const members = new LostMembers({
    own: { namespaces: new Store(), answers: true, importedFrom: () => [] } as never,
    client: {
      get: () => Promise.reject(new ApiError(404, 'not found')),
      create: async (_: unknown, { metadata }: { metadata: { name: string } }) => {
        written.push(metadata.name)
        await writing.promise
      },
    } as never,
    agentNamespace: 'isthmus-system',
    links: { [Symbol.iterator]: () => links.values() } as never,
    clusterId: 'east',
    registry: new Registry(),
    onChange: () => {},
    onPolicy: () => {},
    clock: () => now,
    log: pino({ level: 'silent' }),
  })
  const look = () => {
    now += 10_000
    members.look()
    return written.length > 0
  }
  await eventually(() => assert.ok(look()))

  links.delete('west')
  let isForgotten = false
  const forgotten = members.forget('west').then(() => {
    isForgotten = true
  })
  look()
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(isForgotten, false)
  writing.resolve()
  await forgotten
  for (let time = 0; time < 30; time++) look()
  await members.saveAll()
  assert.deepEqual(written, ['link-west'])
  await members.stop()
})

/** Of a member whose API server refuses connections. */
function lostLink(clusterId: string) {
  return {
    clusterId,
    isRead: false,
    isServing: false,
    lastRenewal: undefined,
    services: () => new Map(),
    status: () => ({ clusterId, state: 'degraded', reason: 'its API server refuses connections' }),
  }
}
