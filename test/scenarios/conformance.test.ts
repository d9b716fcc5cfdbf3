import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { loadClauses } from './runner/clauses.ts'
import { conformanceReport } from './runner/conformance.ts'
import { loadScenarios } from './runner/scenario.ts'

const root = join(import.meta.dirname, '../..')
const clauses = loadClauses().flatMap(group => group.clauses)
const scenarios = loadScenarios()

it('every clause has a scenario, or a test elsewhere that is there', () => {
  for (const { id, elsewhere } of clauses) {
    if (elsewhere === undefined)
      assert.ok(
        scenarios.some(scenario => scenario.clauses.includes(id)),
        id,
      )
    else assert.ok(existsSync(join(root, elsewhere)), elsewhere)
  }
})

it('every scenario shows clauses that there are', () => {
  const known = new Set(clauses.map(({ id }) => id))
  for (const { id, clauses: shown } of scenarios) {
    assert.ok(shown.length > 0, id)
    assert.deepEqual(
      shown.filter(clause => !known.has(clause)),
      [],
      id,
    )
  }
})

it('docs/conformance.md is what `node scripts/conformance.ts` writes', () => {
  const written = readFileSync(join(root, 'docs/conformance.md'), 'utf8')
  const isRight = written === conformanceReport(loadClauses(), scenarios)
  assert.ok(isRight, 'docs/conformance.md is stale: run `node scripts/conformance.ts`')
})
