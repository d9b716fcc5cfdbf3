import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { errorOf } from '@isthmus/api'
import { askPlayground } from '../control/control-client.ts'
import { controlServer } from '../control/control-server.ts'
import { ERRORS } from '../errors.ts'
import { PlaygroundHome } from './playground-home.ts'
import { readState } from './playground-state.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'isthmus-test-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

const state = (home: PlaygroundHome, pid = process.pid) => ({
  pid,
  kubeconfig: home.kubeconfig,
  control: home.control,
  registry: 'east',
  clusters: [{ name: 'east', server: 'https://127.0.0.1:1', dns: { address: '127.0.0.1', port: 1 } }],
})

async function claim(folder: string, server: Server = createServer()): Promise<PlaygroundHome> {
  const home = await PlaygroundHome.claim(folder, server)
  await home.writeKubeconfig('kind: Config\n')
  await home.writeState(state(home))
  return home
}

test('while a playground runs its files are there, for the owner alone; afterwards nothing is', async () => {
  const folder = join(parent, 'home')
  const home = await claim(folder)
  assert.deepEqual(readdirSync(folder).sort(), ['control.sock', 'kubeconfig', 'playground.json'])
  assert.equal(statSync(home.kubeconfig).mode & 0o777, 0o600)
  assert.deepEqual(await readState(folder), state(home))
  await home.release()
  assert.equal(existsSync(folder), false)
  await assert.rejects(readState(folder), { code: 'ISTHMUS_PLAYGROUND_NOT_RUNNING' })
})

test('a second playground in the same folder is refused and changes nothing', async () => {
  const home = await claim(join(parent, 'home'))
  await assert.rejects(claim(home.folder), {
    code: 'ISTHMUS_PLAYGROUND_RUNNING',
    message: new RegExp(`process ${process.pid}`),
  })
  assert.deepEqual(await readState(home.folder), state(home))
  await home.release()
})

test('what a process left that was killed is recognised and taken over', async () => {
  const folder = join(parent, 'home')
  const modules = { home: import.meta.resolve('./playground-home.ts') }
  const { signal } = spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { PlaygroundHome } from '${modules.home}'
     import { createServer } from 'node:net'
     const home = await PlaygroundHome.claim('${folder}', createServer())
     await home.writeState({ pid: process.pid, kubeconfig: home.kubeconfig, control: home.control, registry: 'east', clusters: [] })
     process.kill(process.pid, 'SIGKILL')`,
  ])
  assert.equal(signal, 'SIGKILL')
  assert.ok(existsSync(join(folder, 'playground.json')))
  await assert.rejects(readState(folder), { code: 'ISTHMUS_PLAYGROUND_NOT_RUNNING' })
  const home = await claim(folder)
  assert.equal((await readState(folder)).pid, process.pid)
  await home.release()
})

test('a folder of which the path is too long for a socket has its socket elsewhere', async () => {
  const home = await claim(join(parent, 'x'.repeat(100)))
  assert.equal(home.control.startsWith(home.folder), false)
  await home.release()
  assert.equal(existsSync(home.control), false)
})

test('a folder that cannot be made is one clear error', async () => {
  writeFileSync(join(parent, 'file'), '')
  await assert.rejects(claim(join(parent, 'file', 'home')), { code: 'ISTHMUS_HOME_UNWRITABLE' })
})

test('a command asks and is answered, or refused with the code and the way out', async () => {
  const asked: unknown[] = []
  const server = controlServer(async request => {
    asked.push(request)
    if (request.command === 'stop')
      throw errorOf(ERRORS.unknownCluster, { cluster: request.cluster, clusters: 'east' })
    return { members: 3 }
  })
  const home = await claim(join(parent, 'home'), server)
  assert.deepEqual(await askPlayground({ command: 'snapshot' }, home.folder), { members: 3 })
  await assert.rejects(askPlayground({ command: 'stop', cluster: 'south' }, home.folder), {
    code: 'ISTHMUS_UNKNOWN_CLUSTER',
    remedy: 'Its clusters are: east.',
    exitCode: 64,
  })
  assert.deepEqual(asked, [{ command: 'snapshot' }, { command: 'stop', cluster: 'south' }])
  await assert.rejects(askPlayground({ command: 'dance' } as never, home.folder), {
    code: 'ISTHMUS_CONTROL_REQUEST',
  })
  await home.release()
})
