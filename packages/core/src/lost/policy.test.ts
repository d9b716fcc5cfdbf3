import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LOST_MEMBER_POLICY, type LostMemberPolicy, withRules } from './policy.ts'
import { formatLostMemberPolicy, parseLostMemberPolicy, parseLostMemberRules } from './policy-text.ts'

function parsed(text: string, base?: LostMemberPolicy): LostMemberPolicy {
  const result = parseLostMemberPolicy(text, base)
  assert.ok('policy' in result, JSON.stringify(result))
  return result.policy
}

describe('a policy for lost members', () => {
  it('changes what it names, and nothing else', () => {
    assert.deepEqual(parsed(''), DEFAULT_LOST_MEMBER_POLICY)
    assert.deepEqual(parsed('gone=keep'), {
      ...DEFAULT_LOST_MEMBER_POLICY,
      gone: { action: 'keep', after: 86_400_000 },
    })
    assert.deepEqual(parsed(' endpointsLost=notReady:1m30s , controlPlaneLost = notReady:5m '), {
      ...DEFAULT_LOST_MEMBER_POLICY,
      endpointsLost: { action: 'notReady', after: 90_000 },
      controlPlaneLost: { action: 'notReady', after: 300_000 },
    })
    const base = parsed('gone=remove:7d')
    assert.deepEqual(parsed('gone=notReady', base).gone, { action: 'notReady', after: 7 * 86_400_000 })
  })

  for (const [text, says] of [
    ['lost=keep', /"lost=keep" is no rule: give controlPlaneLost, endpointsLost, gone/],
    ['gone', /gone is one of keep, notReady, remove, not ""/],
    ['gone=delete', /not "delete"/],
    ['endpointsLost=remove', /endpointsLost is one of keep, notReady, not "remove"/],
    ['gone=remove:1', /"1" is no duration/],
    ['gone=remove:1.5h', /is no duration/],
    ['gone=remove:-1h', /is no duration/],
    ['gone=remove:400d', /at most 366 days/],
    ['gone=remove=24h', /is no rule/],
    ['gone=remove:1h:2h', /"1h:2h" is no duration/],
    ['__proto__=keep', /is no rule/],
    ['gone=keep,'.repeat(30), /longer than 256 characters/],
  ] as const) {
    it(`is not ${text}`, () => {
      const result = parseLostMemberPolicy(text)
      assert.match('mistake' in result ? result.mistake : '', says)
    })
  }

  it('is read as it is written', () => {
    const rule = (...actions: ('keep' | 'notReady' | 'remove')[]) =>
      fc.record({ action: fc.constantFrom(...actions), after: fc.integer({ min: 0, max: 31_000_000 }) })
    const policies = fc.record({
      controlPlaneLost: rule('keep', 'notReady', 'remove'),
      endpointsLost: rule('keep', 'notReady'),
      gone: rule('keep', 'notReady', 'remove'),
    })
    fc.assert(
      fc.property(policies, seconds => {
        const policy = Object.fromEntries(
          Object.entries(seconds).map(([name, { action, after }]) => [name, { action, after: after * 1000 }]),
        ) as unknown as LostMemberPolicy
        const again = parsed(formatLostMemberPolicy(policy), policy)
        assert.deepEqual(again, policy)
        assert.equal(formatLostMemberPolicy(again), formatLostMemberPolicy(policy))
      }),
    )
  })

  it('is what the strongest source says of each rule, whatever the others say', () => {
    const rule = (...actions: ('keep' | 'notReady' | 'remove')[]) =>
      fc.record(
        { action: fc.constantFrom(...actions), after: fc.nat(86_400_000) },
        { requiredKeys: ['action'], noNullPrototype: true },
      )
    const rules = fc.record(
      {
        controlPlaneLost: rule('keep', 'notReady', 'remove'),
        endpointsLost: rule('keep', 'notReady'),
        gone: rule('keep', 'notReady', 'remove'),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 4 }), sources => {
        const policy = sources.reduce(withRules, DEFAULT_LOST_MEMBER_POLICY)
        for (const name of ['controlPlaneLost', 'endpointsLost', 'gone'] as const) {
          const before = DEFAULT_LOST_MEMBER_POLICY[name]
          const said = sources.flatMap(source => source[name] ?? [])
          assert.equal(policy[name].action, said.at(-1)?.action ?? before.action)
          assert.equal(
            policy[name].after,
            said.findLast(({ after }) => after !== undefined)?.after ?? before.after,
          )
        }
      }),
    )
  })

  it('says of a rule as much as the text does', () => {
    assert.deepEqual(parseLostMemberRules('gone=remove, endpointsLost=keep:5s'), {
      rules: { gone: { action: 'remove' }, endpointsLost: { action: 'keep', after: 5_000 } },
    })
    assert.deepEqual(parseLostMemberRules(' , '), { rules: {} })
  })
})
