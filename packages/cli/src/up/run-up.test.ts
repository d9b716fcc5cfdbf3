/** The playground as a person uses it: in a process of its own, with the lines that it prints. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runCommand } from '../testing/run-command.ts'

const BIN = join(import.meta.dirname, '../bin.ts')

/** Resolves when the playground has printed what to do next. */
async function up(t: TestContext, ...flags: string[]) {
  const cwd = await mkdtemp(join(tmpdir(), 'isthmus-up-'))
  const child = spawn(process.execPath, [BIN, 'up', ...flags], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit') as Promise<[code: number | null]>
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(cwd, { recursive: true })
  })
  const output = { text: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.text += text
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const printed = async (pattern: RegExp) => {
    while (!pattern.test(output.text)) {
      const [event] = await Promise.race([
        once(child.stdout, 'data').then(() => ['data']),
        ended.then(() => ['end']),
      ])
      if (event === 'end') throw new Error(`it ended: ${output.text}${errors}`)
    }
  }
  await printed(/Ctrl-C ends all of it/)
  return { child, cwd, ended, output, printed, run: (args: string[]) => runCommand(args, { cwd, env: {} }) }
}

test('up, request, stop, start, Ctrl-C', { timeout: 60_000 }, async t => {
  const { child, cwd, ended, output, printed, run } = await up(t)
  const lines = output.text.split('\n')
  assert.ok(
    lines.some(line => line.startsWith(`kubectl --kubeconfig ${cwd}/.isthmus/kubeconfig --context north `)),
  )
  const [, url = ''] = /^npx isthmus request --from north -n 100 (\S+)$/m.exec(output.text) ?? []

  const answers = await run(['request', '--from', 'north', '-n', '100', '-o', 'json', url])
  assert.equal(answers.exitCode, 0, answers.stdout)
  const { clusters, pods } = JSON.parse(answers.stdout) as {
    clusters: Record<string, number>
    pods: object[]
  }
  assert.deepEqual(Object.keys(clusters), ['east', 'west'])
  assert.equal(pods.length, 4)

  const missing = await run(['request', '--from', 'north', 'http://nothing.demo.svc.clusterset.local/'])
  assert.deepEqual([missing.exitCode, /1 × no such name/.test(missing.stdout)], [1, true])
  assert.equal((await run(['stop', 'nowhere'])).exitCode, 64)

  assert.match((await run(['stop', 'west'])).stdout, /Cluster west has stopped/)
  await printed(/^cluster west: stopped$/m)
  assert.doesNotMatch(output.text, /: gone/)
  assert.match((await run(['start', 'west'])).stdout, /Cluster west runs again/)

  child.kill('SIGINT')
  assert.deepEqual((await ended)[0], 130)
  assert.equal(existsSync(join(cwd, '.isthmus')), false)
})
