import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ConfigMap } from '@isthmus/api'
import { ApiError } from '@isthmus/kube'
import { pino } from 'pino'
import { eventually } from '../testing/eventually.ts'
import { ScriptedExchange } from '../testing/scripted-exchange.ts'
import { Links } from './links.ts'

function linksWith(get: () => Promise<ConfigMap>): Links {
  return new Links({
    peers: [],
    clusterId: 'east',
    own: { client: { get } as never, namespace: 'isthmus-system' },
    onChange: () => {},
    onEverything: () => {},
    onHeldThere: () => {},
    onState: () => {},
    clock: Date.now,
    log: pino({ level: 'silent' }),
  })
}

it('a peer that leaves while it is being linked is not linked after that', async () => {
  const answer = Promise.withResolvers<ConfigMap>()
  const links = linksWith(() => answer.promise)
  links.start()
  try {
    const added = links.add({ clusterId: 'west', client: new ScriptedExchange().client })
    await links.remove('west')
    answer.reject(new ApiError(404, 'not found'))
    await added
    assert.equal(links.get('west'), undefined)
    await links.add({ clusterId: 'west', client: new ScriptedExchange().client })
    await eventually(() => assert.equal(links.get('west')?.isRead, true))
  } finally {
    await links.stop()
  }
})
