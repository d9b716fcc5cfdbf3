import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const MAX_LINES = 450
const DRAWERS = /(^|\/)(utils?|helpers?|managers?|handlers?|common|misc)(\/|\.ts$)/

it('every file is one thing: at most 450 lines, and no drawer', () => {
  const files = globSync(['packages/*/src/**/*.ts', 'test/**/*.ts', 'scripts/*.ts'], { cwd: root })
  const long = files.filter(file => readFileSync(join(root, file), 'utf8').split('\n').length - 1 > MAX_LINES)
  assert.deepEqual(long, [])
  assert.deepEqual(
    files.filter(file => DRAWERS.test(file)),
    [],
  )
})
