import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '../status/status.ts'
import { matchesLabelSelector, parseLabelSelector } from './label-selector.ts'

const LABELS = { app: 'web', tier: 'front', n: '5', 'example.test/a': '' }

const SCENARIOS: readonly (readonly [selector: string, selects: boolean])[] = [
  ['app=web', true],
  ['app = web , tier==front', true],
  ['app!=web', false],
  ['none!=web', true],
  ['app in (web,db)', true],
  ['app in (db), tier', false],
  ['app notin (db)', true],
  ['none notin (db)', true],
  ['tier', true],
  ['!tier', false],
  ['!none', true],
  ['example.test/a=', true],
  ['n>4,n<6', true],
  ['n gt 5', false],
]

for (const [selector, selects] of SCENARIOS) {
  test(`${selector} ${selects ? 'selects' : 'does not select'}`, () => {
    assert.equal(parseLabelSelector(selector)?.(LABELS), selects)
  })
}

for (const selector of [
  'a in b',
  'a=b=c',
  'a b',
  '=a',
  'a,',
  'in(a)',
  'a=b c',
  'a constructor b',
  'n>x',
  '-a=b',
  'a in (b',
]) {
  test(`"${selector}" is refused`, () => {
    assert.throws(
      () => parseLabelSelector(selector),
      (error: unknown) => error instanceof StatusError && error.code === 400,
    )
  })
}

test('a selector of a workload: an empty one selects all, a missing one nothing', () => {
  assert.equal(matchesLabelSelector({}, LABELS), true)
  assert.equal(matchesLabelSelector(undefined, LABELS), false)
  const expression = (operator: string, values?: string[]) => ({
    matchExpressions: [{ key: 'app', operator, ...(values && { values }) }],
  })
  assert.equal(matchesLabelSelector(expression('In', ['web']), LABELS), true)
  assert.equal(matchesLabelSelector(expression('NotIn', ['web']), LABELS), false)
  assert.equal(matchesLabelSelector(expression('Exists'), LABELS), true)
  assert.equal(matchesLabelSelector(expression('DoesNotExist'), LABELS), false)
})
