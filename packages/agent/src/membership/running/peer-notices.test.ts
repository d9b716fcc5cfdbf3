import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PeerVerdict } from '@isthmus/core'
import { PeerNotices } from './peer-notices.ts'

it('what was told of clusters that nobody knows any more is forgotten', () => {
  const told: string[] = []
  const notices = new PeerNotices({
    own: { namespaces: { get: () => ({ metadata: { name: 'isthmus-system' } }) } } as never,
    agentNamespace: 'isthmus-system',
    recorder: { record: (_, { note }, { once = false } = {}) => void told.push(`${note} ${once}`) },
  })
  const held: PeerVerdict = {
    pin: 'keep',
    reader: 'keep',
    credential: 'keep',
    request: '',
    isHeld: true,
    notice: 'another cluster has joined with its id: held',
  }
  for (const id of ['west', 'north']) notices.decided(id, held)
  notices.decided('west', held)
  notices.keepOnly(new Set(['west']))
  assert.deepEqual(
    notices.ofOthers(() => false),
    ['west: another cluster has joined with its id: held'],
  )
  for (const id of ['west', 'north']) notices.decided(id, held)
  assert.deepEqual(
    told.map(note => note.split(':')[0]),
    ['cluster west', 'cluster north', 'cluster north'],
  )
})
