/** `isthmus apiserver` as a program: what it writes, when, and what it leaves behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../fixtures/kubectl.ts'
import { until } from '../fixtures/until.ts'

const PROGRAM = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'isthmus-command-'))
after(() => rmSync(folder, { recursive: true }))
const kubeconfig = join(folder, 'kubeconfig')

/** Runs the program until the kubeconfig is there, does what is asked, and stops it with a signal. */
async function serving(use: () => Promise<void>, signal: NodeJS.Signals): Promise<void> {
  const args = ['apiserver', '--port', '0', '--kubeconfig-out', kubeconfig, '--data', join(folder, 'data')]
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  try {
    await until('the kubeconfig is there', () => existsSync(kubeconfig) || child.exitCode !== null, 20_000)
    assert.equal(child.exitCode, null, errors)
    await use()
    child.kill(signal)
    assert.deepEqual([await ended, errors], [[0, null], ''])
  } finally {
    child.kill('SIGKILL')
  }
}

async function kubectl(...args: string[]): Promise<string> {
  const env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache') }
  const { code, stdout, stderr } = await run('kubectl', args, { env })
  assert.equal(code, 0, stderr)
  return stdout
}

test('serves as soon as the kubeconfig is there, ends cleanly, and goes on from its data', {
  timeout: 60_000,
}, async () => {
  let authority = ''
  await serving(async () => {
    // At once, without another try.
    assert.equal(await kubectl('get', '--raw', '/readyz'), 'ok')
    assert.equal(statSync(kubeconfig).mode & 0o777, 0o600)
    const { clusters } = JSON.parse(readFileSync(kubeconfig, 'utf8'))
    assert.match(clusters[0].cluster.server, /^https:\/\/127\.0\.0\.1:\d+$/)
    authority = clusters[0].cluster['certificate-authority-data']
    assert.match(await kubectl('auth', 'whoami'), /system:masters/)
    await kubectl('create', 'configmap', 'kept', '--from-literal=k=v')
  }, 'SIGTERM')

  // Whoever made the file before, and for whom: an administrator's key is for its owner alone.
  rmSync(kubeconfig)
  const left = `${kubeconfig}-left`
  writeFileSync(left, '', { mode: 0o644 })
  await serving(async () => {
    assert.equal(await kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.k}'), 'v')
    const { clusters } = JSON.parse(readFileSync(kubeconfig, 'utf8'))
    assert.equal(clusters[0].cluster['certificate-authority-data'], authority)
  }, 'SIGINT')
})

test('the example of the reference runs as it stands', async () => {
  const page = readFileSync(new URL('../../docs/reference/apiserver.md', import.meta.url), 'utf8')
  const [example = ''] = /^ {4}import \{ ApiServer \}[\s\S]*?(?=\n\S)/m.exec(page) ?? []
  assert.match(example, /close\(\)/)
  const child = spawn(process.execPath, ['--input-type=module', '--eval', example], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [errors, [code]] = await Promise.all([child.stderr.toArray(), once(child, 'exit')])
  assert.deepEqual([code, Buffer.concat(errors).toString()], [0, ''])
})
