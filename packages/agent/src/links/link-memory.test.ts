import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ConfigMap } from '@isthmus/api'
import { ApiError } from '@isthmus/kube'
import { type LinkMemory, linkMemory } from './link-memory.ts'
import { forgetLink } from './link-object.ts'

it('two agents that remember the same link never take its highest sequence back', async () => {
  let stored: ConfigMap | undefined
  let version = 0
  let writes = 0
  const store = (data: ConfigMap['data']) => {
    writes++
    stored = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { resourceVersion: String(++version) },
      data: data ?? {},
    }
    return stored
  }
  const conflict = new ApiError(409, 'conflict', {
    status: { apiVersion: 'v1', kind: 'Status', reason: 'Conflict' },
  })
  const client = {
    get: async () => stored ?? Promise.reject(new ApiError(404, 'not found')),
    create: async (_: unknown, { data }: ConfigMap) => store(data),
    patch: async (_: unknown, _name: string, _namespace: string, { metadata, data }: ConfigMap) => {
      if (metadata.resourceVersion !== stored?.metadata.resourceVersion) throw conflict
      return store(data)
    },
  }
  const [first, second] = [0, 1].map(() => linkMemory(client as never, 'isthmus-system')) as [
    LinkMemory,
    LinkMemory,
  ]
  assert.equal(await first.load('west'), 0)
  await first.save('west', 7)
  await second.save('west', 5)
  assert.deepEqual([await second.load('west'), writes], [7, 1])
  await Promise.all([first.save('west', 9), second.save('west', 8), first.save('west', 10)])
  assert.equal(await first.load('west'), 10)
})

it('forgets the link that it saw, and not one of another cluster with the same id', async () => {
  const preconditions: unknown[] = []
  const answers = [undefined, new ApiError(404, 'not found'), new ApiError(409, 'conflict')]
  const { signal } = new AbortController()
  for (const answer of answers) {
    const client = {
      get: async () => ({ metadata: { uid: 'seen' } }),
      delete: async (_: unknown, _name: string, _namespace: string, { uid }: { uid?: string }) => {
        preconditions.push(uid)
        if (answer !== undefined) throw answer
      },
    }
    await forgetLink(client as never, 'isthmus-system', 'west', signal)
  }
  assert.deepEqual(preconditions, ['seen', 'seen', 'seen'])
})
