import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const MODULE = import.meta.resolve('./process-end.ts')

/** A process that runs until it is told to end; answers what it said and how it ended. */
async function end(how: string, signal?: NodeJS.Signals) {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { stopWithProcess } from '${MODULE}'
     const timer = setInterval(() => {}, 1000)
     stopWithProcess(
       async () => { clearInterval(timer); console.log('stopped') },
       error => console.log(error.message),
     )
     console.log('ready')
     ${how}`,
  ])
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (signal && output === 'ready\n') child.kill(signal)
  }
  const code = child.exitCode ?? (await once(child, 'exit'))[0]
  return { output, code }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} stops, then ends the process with ${code}`, async () => {
    assert.deepEqual(await end('', signal), { output: 'ready\nstopped\n', code })
  })
}

test('an uncaught error and a rejection nobody handles are told, and stop it too', async () => {
  const output = 'ready\nboom\nstopped\n'
  assert.deepEqual(await end(`setTimeout(() => { throw new Error('boom') })`), { output, code: 70 })
  assert.deepEqual(await end(`Promise.reject(new Error('boom'))`), { output, code: 70 })
})
