import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ClusterSetPolicy, isStated, policyToStore, readClusterSetPolicy } from './cluster-set-policy.ts'

const read = (policy: unknown) => readClusterSetPolicy({ data: { policy } as never })
const stated = (text: string) => {
  const policy = read(text)
  assert.ok(isStated(policy))
  return policy
}

describe('the policy of a ClusterSet', () => {
  it('is a text, or there is none', () => {
    assert.deepEqual(stated('gone=remove:12h').rules, { gone: { action: 'remove', after: 43_200_000 } })
    assert.deepEqual(stated('').rules, {})
    for (const nothing of [undefined, {}, { data: {} }])
      assert.equal(readClusterSetPolicy(nothing), undefined)
  })

  for (const [value, says] of [
    ['gone=delete', /not "delete"/],
    ['x'.repeat(10_000), /longer than/],
    [{ gone: 'keep' }, /no text/],
    [null, /no text/],
  ] as const) {
    it(`is not ${JSON.stringify(value).slice(0, 40)}`, () => {
      const policy = read(value)
      assert.ok(policy !== undefined && 'mistake' in policy)
      assert.match(policy.mistake, says)
      assert.ok(policy.mistake.length < 500)
    })
  }
})

describe('the copy of it', () => {
  const [old, next] = [stated('gone=keep'), stated('gone=remove:12h')]
  const broken: ClusterSetPolicy = { mistake: 'it is no text' }

  for (const [what, registry, held, stored, wanted] of [
    ['is made', next, undefined, undefined, next.text],
    ['follows the registry', next, old, old, next.text],
    ['says that there is none any more', stated(''), old, old, ''],
    ['is left as it is', next, next, next, undefined],
    ['is not made where there is nothing', undefined, undefined, undefined, undefined],
    ['outlives the registry', undefined, old, old, undefined],
    ['outlives a mistake in the registry', broken, old, old, undefined],
    ['is mended from the registry', next, old, broken, next.text],
    ['is mended from what holds', undefined, old, broken, old.text],
    ['is made again from what holds', broken, old, undefined, old.text],
    ['is not made of a mistake', broken, undefined, undefined, undefined],
  ] as const) {
    it(what, () => assert.equal(policyToStore({ registry, held, stored }), wanted))
  }
})
