import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mergeCIDRs, overlap, parseCIDR } from './cidrs.ts'

const overlaps: [one: string, other: string, is: boolean][] = [
  ['10.1.0.0/16', '10.1.255.255', true],
  ['10.1.0.0/16', '10.2.0.0/16', false],
  ['0.0.0.0/0', '203.0.113.7/32', true],
  ['10.1.7.9/16', '10.1.0.0/24', true],
  ['fd00:1::/32', 'fd00:1:2:3::/64', true],
  ['fd00:1::/32', 'fd00:2::/32', false],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8', false],
]
for (const [one, other, is] of overlaps) {
  test(`${one} and ${other} ${is ? 'overlap' : 'do not overlap'}`, () => {
    const [a, b] = [parseCIDR(one), parseCIDR(other)]
    assert.ok(a && b)
    assert.deepEqual([overlap(a, b), overlap(b, a)], [is, is])
  })
}

for (const text of [
  '',
  '10.0.0.0/33',
  '10.0.0/8',
  '10.0.0.0/8/8',
  'fe80::1%eth0/64',
  '10.0.0.0/',
  '::/129',
  'x/8',
]) {
  test(`"${text}" is no range`, () => assert.equal(parseCIDR(text), undefined))
}

test("nodes' ranges become their cluster's", () => {
  const nodes = Array.from({ length: 256 }, (_, i) => `10.244.${i}.0/24`)
  assert.deepEqual(mergeCIDRs(nodes), ['10.244.0.0/16'])
  assert.deepEqual(mergeCIDRs(['fd00::1:0/112', 'fd00::/112', '10.0.0.1']), ['10.0.0.1/32', 'fd00::/111'])
  assert.deepEqual(mergeCIDRs(['0.0.0.0/0', '10.0.0.0/8']), ['0.0.0.0/0'])
})

test('merged ranges hold the same addresses, in blocks that do not touch twice', () => {
  const cidr = fc
    .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 24, max: 32 }))
    .map(([a, b, length]) => `10.0.${a % 4}.${b}/${length}`)
  const holds = (cidrs: readonly string[], address: string) =>
    cidrs.some(text => {
      const [range, single] = [parseCIDR(text), parseCIDR(address)]
      return range !== undefined && single !== undefined && overlap(range, single)
    })
  fc.assert(
    fc.property(
      fc.array(cidr, { maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(3), fc.nat(255)), { maxLength: 40 }),
      (cidrs, addresses) => {
        const merged = mergeCIDRs(cidrs)
        assert.deepEqual(mergeCIDRs(merged), merged)
        for (const [a, b] of addresses) {
          const address = `10.0.${a}.${b}`
          assert.equal(holds(merged, address), holds(cidrs, address), address)
        }
        const sizes = merged
          .map(text => parseCIDR(text))
          .reduce((sum, range) => sum + (range ? range.last - range.first + 1n : 0n), 0n)
        const all = new Set(cidrs.flatMap(text => [...addressesOf(text)]))
        assert.equal(sizes, BigInt(all.size))
      },
    ),
  )
})

function* addressesOf(text: string): Generator<bigint> {
  const range = parseCIDR(text)
  for (let at = range?.first ?? 1n; at <= (range?.last ?? 0n); at++) yield at
}
