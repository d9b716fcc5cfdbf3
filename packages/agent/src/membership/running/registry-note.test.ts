import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigMap } from '@isthmus/api'
import { ApiError } from '@isthmus/kube'
import { RegistryNote } from './registry-note.ts'

const SERVER = 'https://hub:6443'
const { signal } = new AbortController()
const refused = { reachable: false, reason: 'its server refuses connections (ECONNREFUSED)' }

class Stage {
  now = Date.parse('2026-01-01T00:00:00Z')
  stored: Record<string, string> | undefined
  writes = 0
  readonly told: string[] = []
  note = this.another()

  /** Of another process, which leads from now on. */
  another(): RegistryNote {
    const notFound = () => new ApiError(404, 'not found')
    const store = (data: ConfigMap['data']) => {
      this.writes++
      this.stored = { ...this.stored, ...data }
      return { metadata: {}, data: this.stored }
    }
    const gated = {
      get: async () => (this.stored === undefined ? Promise.reject(notFound()) : { data: this.stored }),
      patch: async (_: unknown, _name: string, _namespace: string, { data }: ConfigMap) =>
        this.stored === undefined ? Promise.reject(notFound()) : store(data),
      create: async (_: unknown, { data }: ConfigMap) => store(data),
    }
    const tell = (_: unknown, words: string) => void this.told.push(words)
    const log = { warn: tell, info: tell }
    return new RegistryNote({
      gated: gated as never,
      agentNamespace: 'isthmus-system',
      clock: () => this.now,
      log: log as never,
    })
  }

  async look(state: { reachable: boolean; reason?: string }, seconds: number): Promise<void> {
    for (let n = 0; n <= seconds; n += 5) {
      await this.note.keep(SERVER, state, signal)
      this.now += 5_000
    }
  }
}

describe('the note on the registry', () => {
  it('says that it cannot be read, since when and why, once that has lasted; and that it can again', async () => {
    const stage = new Stage()
    await stage.look({ reachable: true }, 30)
    assert.deepEqual([stage.stored?.state, stage.writes, stage.told], ['reachable', 1, []])
    const since = new Date(stage.now).toISOString().replace('.000Z', 'Z')
    await stage.look(refused, 5)
    assert.equal(stage.writes, 1, 'a restart is no news')
    await stage.look(refused, 60)
    assert.deepEqual(stage.stored, { server: SERVER, state: 'unreachable', reason: refused.reason, since })
    await stage.look({ reachable: true }, 0)
    assert.deepEqual([stage.stored?.state, stage.stored?.reason, stage.writes], ['reachable', '', 3])
    assert.match(stage.told.join('\n'), /^the registry cannot be read: .*\nthe registry can be read again$/)
  })

  it('is not written again by the next agent that leads, and keeps its time', async () => {
    const stage = new Stage()
    await stage.look(refused, 30)
    const before = structuredClone(stage.stored)
    stage.note = stage.another()
    await stage.look(refused, 30)
    assert.deepEqual([stage.stored, stage.writes], [before, 1])
  })

  it('follows a registry that moves', async () => {
    const stage = new Stage()
    await stage.look({ reachable: true }, 30)
    await stage.note.keep('https://other:6443', { reachable: true }, signal)
    assert.equal(stage.stored?.server, 'https://other:6443')
  })
})
