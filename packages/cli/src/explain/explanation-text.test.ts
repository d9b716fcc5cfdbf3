import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Explanation, Finding } from '@isthmus/core'
import { explanationText } from './explanation-text.ts'

const warning: Finding = {
  step: 'link',
  cluster: 'c',
  context: 'c',
  peer: 'b',
  state: 'warning',
  what: 'b has no account for c any more',
  wayOut: { sentence: 'Give cluster c new credentials.', command: 'isthmus relink --context c --peer b' },
}
const explanation = (findings: readonly Finding[]): Explanation => ({
  service: { namespace: 'demo', name: 'hello' },
  domainName: 'hello.demo.svc.clusterset.local',
  works: true,
  firstBroken: null,
  sections: [{ role: 'import', cluster: 'c', context: 'c', findings }],
})

test('what works, and perhaps not for long, is told with what to do', () => {
  const text = explanationText(explanation([warning]), false)
  assert.match(text, /^ {2}! link to b {2}b has no account for c any more$/m)
  assert.match(
    text,
    /\n✓ nothing is broken\n\n! link to b, in c: Give cluster c new credentials\.\n\n {4}isthmus relink --context c --peer b\n$/,
  )
})

test('a warning without a command is told where it belongs alone', () => {
  const { wayOut: _, ...bare } = warning
  for (const one of [bare, { ...warning, wayOut: { sentence: 'It ends by itself.' } }])
    assert.match(explanationText(explanation([one as Finding]), false), /\n✓ nothing is broken\n$/)
})
