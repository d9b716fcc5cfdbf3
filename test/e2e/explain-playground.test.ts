/** What `isthmus explain` asks beyond API servers, where it can: DNS servers, and the service itself. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Explanation, Finding } from '@isthmus/core'
import { Playground } from '@isthmus/playground'
import { until } from '../fixtures/until.ts'
import { type Finished, runCommand } from './command.ts'

let folder: string
let playground: Playground

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-explain-'))
  playground = await Playground.start({ clusters: ['east'], home: join(folder, '.isthmus') })
})
after(async () => {
  await playground?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const run = (...args: string[]): Promise<Finished> =>
  runCommand([...args, '--kubeconfig', playground.state.kubeconfig], folder)

async function explain(): Promise<Explanation> {
  const { stdout } = await run('explain', 'hello', '-n', 'demo', '-o', 'json', '--settle', '0')
  return JSON.parse(stdout) as Explanation
}

const found = ({ sections }: Explanation, step: string): Finding | undefined =>
  sections.flatMap(({ findings }) => findings).find(one => one.step === step)

test('every step is known, and well', async () => {
  await until('nothing is broken', async () => {
    const explanation = await explain()
    const states = explanation.sections.flatMap(({ findings }) => findings.map(({ state }) => state))
    assert.deepEqual([...new Set(states)], ['ok'], JSON.stringify(explanation))
    return true
  })
})

test('a service proxy that is off is named, and nothing else', async () => {
  await playground.clusters[0]?.proxy?.stop()
  const explanation = await explain()
  assert.equal(explanation.firstBroken?.step, 'connect')
  const connect = found(explanation, 'connect')
  assert.match(connect?.state === 'broken' ? connect.what : '', /^nothing answers at 127\.\S+:8080 in east: /)
  assert.equal(found(explanation, 'dns')?.state, 'ok')
})

test('a cluster that was stopped is named', async () => {
  await playground.stopCluster('east')
  const { exitCode, stdout } = await run('status')
  assert.equal(exitCode, 1)
  assert.match(stdout, /^ {2}context east \(https:\S+\) cannot be asked: /m)
})
