/** docs/reference/errors.md has every error that a person may meet, and none that is gone. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { ErrorTemplate } from '@isthmus/api'

const root = join(import.meta.dirname, '../..')

/** Rows of the table: | `CODE` | exit code | meaning | way out | */
const rows = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')
  .split('\n')
  .map(line => line.split('|').map(cell => cell.trim()))
  .filter(([, code]) => code?.startsWith('`ISTHMUS_'))
  .map(([, code = '', exitCode, meaning, wayOut]) => ({
    code: code.replaceAll('`', ''),
    exitCode: Number(exitCode),
    meaning,
    wayOut,
  }))

const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter(file => !file.endsWith('.test.ts'))

test('every code is in the table, and every row is of a code', () => {
  const codes = sources.flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\bcode: '(ISTHMUS_\w+)'/g)].map(
      ([, code = '']) => code,
    ),
  )
  assert.deepEqual(rows.map(({ code }) => code).sort(), [...new Set(codes)].sort())
})

test('every row says what it means and what to do', () => {
  for (const { code, meaning, wayOut } of rows) assert.ok(meaning && wayOut, code)
})

for (const file of sources.filter(file => file.endsWith('/errors.ts'))) {
  test(`${file}: exit codes are those of the table`, async () => {
    const { ERRORS } = (await import(pathToFileURL(join(root, file)).href)) as {
      ERRORS: Record<string, ErrorTemplate>
    }
    for (const { code, exitCode } of Object.values(ERRORS)) {
      assert.equal(rows.find(row => row.code === code)?.exitCode, exitCode, code)
    }
  })
}
