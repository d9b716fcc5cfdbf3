import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CONFIG_MAPS } from '@isthmus/api'
import { ApiError } from '@isthmus/kube'
import { linkMemory } from '../links/link-memory.ts'
import { type LinkRecord, loadLinkRecord, saveLinkRecord } from './link-record.ts'

const RECORD: LinkRecord = {
  state: 'lost',
  reason: 'its API server refuses connections',
  since: '2026-11-22T07:00:00Z',
  phase: 'kept',
  services: 3,
  controlPlaneSeconds: 3000,
  endpointsSeconds: 0,
  apiServerSeconds: 2990,
}

it('a link is remembered beside its highest sequence, whoever writes at the same time', async () => {
  const { client, patches } = store()
  const memory = linkMemory(client, 'isthmus-system')
  await Promise.all([
    saveLinkRecord(client, 'isthmus-system', 'west', RECORD),
    memory.save('west', 7),
    saveLinkRecord(client, 'isthmus-system', 'west', RECORD),
    memory.save('west', 9),
  ])
  assert.equal(await memory.load('west'), 9)
  const { signal } = new AbortController()
  assert.deepEqual(await loadLinkRecord(client, 'isthmus-system', 'west', signal), RECORD)
  for (const { metadata } of patches) assert.match(metadata.resourceVersion ?? '', /^\d+$/)
})

/** One object, as an API server keeps it. */
function store() {
  type Stored = { metadata: { resourceVersion?: string }; data: Record<string, string> }
  let stored: Stored | undefined
  const patches: Stored[] = []
  const refuse = (code: number, reason: string): never => {
    throw new ApiError(code, reason, { status: { apiVersion: 'v1', kind: 'Status', reason } })
  }
  const next = (data: Record<string, string>) => {
    const version = Number(stored?.metadata.resourceVersion ?? 0) + 1
    stored = { metadata: { resourceVersion: String(version) }, data }
    return stored
  }
  const client = {
    get: async (type: unknown) => {
      assert.equal(type, CONFIG_MAPS)
      return stored ?? refuse(404, 'NotFound')
    },
    create: async (_: unknown, { data }: Stored) =>
      stored === undefined ? next(data) : refuse(409, 'AlreadyExists'),
    patch: async (_: unknown, _name: string, _namespace: string, patch: Stored) => {
      patches.push(patch)
      const isStale = patch.metadata.resourceVersion !== stored?.metadata.resourceVersion
      return isStale ? refuse(409, 'Conflict') : next({ ...stored?.data, ...patch.data })
    },
  }
  return { client: client as never, patches }
}
