import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { resolveSettings } from '../agent/settings.ts'
import { processContext } from '../context.ts'
import { createProgram } from '../program.ts'
import { cliPage } from './cli-page.ts'
import { settingsTable } from './configuration-page.ts'

const page = (name: string) =>
  readFileSync(new URL(`../../../../docs/reference/${name}`, import.meta.url), 'utf8')
const REMEDY = 'run `node packages/cli/src/reference/write.ts`'

test('docs/reference/cli.md is what the program says of itself', () => {
  assert.equal(page('cli.md'), cliPage(createProgram('isthmus', processContext(), () => {})), REMEDY)
})

test('docs/reference/configuration.md has the settings as they are', () => {
  assert.ok(page('configuration.md').includes(settingsTable()), REMEDY)
})

test('the example file in docs/reference/configuration.md is accepted', () => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(page('configuration.md')) ?? []
  const file = {
    name: 'agent.yaml',
    folder: '/etc/isthmus',
    content: parse(example) as Record<string, unknown>,
  }
  const resolved = resolveSettings({ flags: {}, env: {}, cwd: '/', file })
  assert.ok('settings' in resolved, JSON.stringify(resolved))
  assert.deepEqual(
    resolved.settings.peers.map(({ clusterId }) => clusterId),
    ['b', 'c'],
  )
})
