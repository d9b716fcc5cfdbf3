import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readState } from './home/playground-state.ts'
import { Playground, type PlaygroundOptions } from './playground.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-test-'))
})
after(() => rmSync(folder, { recursive: true }))

const start = (options: PlaygroundOptions) => Playground.start({ home: join(folder, 'home'), ...options })

for (const [what, clusters] of Object.entries({
  none: [],
  'two of one name': ['east', 'east'],
  'one that is no label': ['east', 'West Coast'],
  'too many': Array.from({ length: 16 }, (_, n) => `c${n}`),
})) {
  test(`clusters are refused: ${what}`, async () => {
    await assert.rejects(start({ clusters }), { code: 'ISTHMUS_BAD_CLUSTERS' })
  })
}

test('a demo in a cluster that there is not is refused', async () => {
  await assert.rejects(start({ clusters: ['east'], demo: { exporters: ['west'] } }), {
    code: 'ISTHMUS_UNKNOWN_CLUSTER',
  })
})

test('a demo port that another program has on every address is told before anything is started', async t => {
  const squatter = createServer().listen(0, '0.0.0.0')
  await once(squatter, 'listening')
  t.after(() => squatter.close())
  const { port } = squatter.address() as AddressInfo
  const steps: string[] = []
  await assert.rejects(start({ demo: { port }, onProgress: ({ message }) => steps.push(message) }), {
    code: 'ISTHMUS_DEMO_PORT_UNUSABLE',
    message: /EADDRINUSE/,
    remedy: new RegExp(`:${port}`),
  })
  assert.deepEqual(steps, [])
  assert.equal(existsSync(join(folder, 'home')), false)
})

test('an error in the midst of the start leaves nothing', async () => {
  const failing = start({
    clusters: ['east'],
    demo: false,
    onProgress: ({ message }) => {
      assert.ok(existsSync(join(folder, 'home')))
      throw new Error(`no more after: ${message}`)
    },
  })
  await assert.rejects(failing, /no more after/)
  assert.equal(existsSync(join(folder, 'home')), false)
  assert.deepEqual(
    process.getActiveResourcesInfo().filter(resource => /TCP|UDP|TLS/.test(resource)),
    [],
  )
})

const MODULE = import.meta.resolve('./playground.ts')

for (const [when, condition] of [
  ['in the midst of the start', `step.message.startsWith('API server')`],
  ['while it runs', `step.message.startsWith('the agent')`],
] as const) {
  test(`a signal ${when} ends all of it`, async () => {
    const home = join(folder, 'signalled')
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { Playground } from '${MODULE}'
         await Playground.start({
           clusters: ['east'], demo: false, endWithProcess: true, home: '${home}',
           onProgress: step => ${condition} && process.kill(process.pid, 'SIGINT'),
         })`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const [output, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ])
    assert.deepEqual({ output, errors, code }, { output: '', errors: '', code: 130 })
    assert.equal(existsSync(home), false)
    await assert.rejects(readState(home), { code: 'ISTHMUS_PLAYGROUND_NOT_RUNNING' })
  })
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += chunk
  return all
}
