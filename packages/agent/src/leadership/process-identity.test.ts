import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { forgetIdentity, isKnownDead, newIdentity } from './process-identity.ts'

const LINUX = { skip: process.platform === 'linux' ? false : 'process namespaces can be told on Linux only' }

describe('the identity of a process', () => {
  it('has its host, its process id, and is never given twice', () => {
    const identity = newIdentity()
    assert.ok(identity.startsWith(`${hostname()}_${process.pid}-`), identity)
    assert.notEqual(newIdentity(), identity)
  })

  it('of an agent in this process is dead when that agent has ended', () => {
    const identity = newIdentity()
    assert.equal(isKnownDead(identity), false)
    forgetIdentity(identity)
    assert.equal(isKnownDead(identity), true)
  })

  it('of a process that was killed here is known to be dead, and not before', LINUX, async () => {
    const module = fileURLToPath(new URL('./process-identity.ts', import.meta.url))
    const code = `const { newIdentity } = await import(${JSON.stringify(module)}); console.log(newIdentity()); setInterval(() => {}, 1e6)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout, 'data')
    const identity = String(line).trim()
    assert.equal(isKnownDead(identity), false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(isKnownDead(identity), true)
  })

  it('of a process elsewhere, or of what is none of ours, tells nothing', () => {
    const identity = newIdentity()
    forgetIdentity(identity)
    const elsewhere = identity.replace(/-[0-9a-f]{12}/, '-000000000000')
    for (const other of [elsewhere, 'isthmus-agent-7d5f_1-x', 'somebody', ''])
      assert.equal(isKnownDead(other), false)
  })
})
