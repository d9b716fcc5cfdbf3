import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isAllowed, objectionsTo } from '../../scripts/licences.ts'

it('a licence is allowed by name, by one side of OR, and by both of AND', () => {
  for (const licence of [
    'MIT',
    '(MIT OR GPL-3.0-only)',
    '(Apache-2.0 AND BSD-3-Clause)',
    'GPL-2.0 OR (MIT AND ISC)',
  ])
    assert.ok(isAllowed(licence), licence)
  for (const licence of ['GPL-3.0-only', '(MIT AND AGPL-3.0)', 'SEE LICENSE IN LICENSE.md', 'UNLICENSED', ''])
    assert.ok(!isAllowed(licence), licence)
})

it('what goes into production has to have one; what is for development, and our own packages, need not', () => {
  const packages = {
    '': {},
    'packages/core': { version: '1.0.0' },
    'node_modules/@isthmus/core': { link: true },
    'node_modules/a': { version: '1.0.0', license: 'MIT' },
    'node_modules/a/node_modules/b': { version: '2.0.0', license: 'GPL-3.0-only' },
    'node_modules/@c/d': { version: '3.0.0' },
    'node_modules/e': { version: '4.0.0', dev: true, license: 'GPL-3.0-only' },
  }
  assert.deepEqual(objectionsTo(packages), [
    'b 2.0.0 is under GPL-3.0-only, which is not on the list',
    '@c/d 3.0.0 names no licence',
  ])
})
