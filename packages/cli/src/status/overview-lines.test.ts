import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImportRow, Overview } from './overview.ts'
import { overviewLines, problemLines } from './overview-lines.ts'

const row = (n: number, isWell: boolean): ImportRow => ({
  key: `demo/s${String(n).padStart(4, '0')}`,
  cluster: 'west',
  type: 'ClusterSetIP',
  ips: ['10.0.0.1'],
  state: isWell ? 'Ready' : 'Pending',
  message: '',
  isWell,
  endpoints: [],
})

const overview: Overview = {
  members: [],
  links: [],
  exports: [],
  imports: Array.from({ length: 1000 }, (_, n) => row(n, n !== 500)),
  conflicts: [],
  problems: [],
}

test('of many imports a glance shows some, and those that are not well among them', () => {
  const lines = overviewLines(overview, 0)
  assert.equal(lines.filter(line => /^demo\/s\d+ /.test(line)).length, 40)
  assert.ok(lines.some(line => /^demo\/s0500 +west +10.0.0.1 +Pending /.test(line)))
  assert.ok(lines.includes('… and 960 more: -o json shows all'))
})

test('many problems have an end', () => {
  const problems = Array.from({ length: 100 }, (_, n) => `problem ${n}`)
  const lines = problemLines({ ...overview, problems })
  assert.equal(lines.length, 42)
  assert.equal(lines.at(-1), '… and 60 more: -o json shows all')
})
