/** Runs every scenario on core and on agents and writes docs/conformance.md if all pass. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadClauses } from '../test/scenarios/runner/clauses.ts'
import { conformanceReport } from '../test/scenarios/runner/conformance.ts'
import { loadScenarios } from '../test/scenarios/runner/scenario.ts'

const root = join(import.meta.dirname, '..')
const { ISTHMUS_TEST_SCENARIO: _, ...env } = process.env
const files = ['model', 'agents', 'real'].map(way => `test/scenarios/${way}.test.ts`)
const run = spawnSync(process.execPath, ['--test', ...files], { cwd: root, env, stdio: 'inherit' })
if (run.status !== 0) {
  console.error('docs/conformance.md is not written: not every scenario passes')
  process.exit(1)
}
writeFileSync(join(root, 'docs/conformance.md'), conformanceReport(loadClauses(), loadScenarios()))
