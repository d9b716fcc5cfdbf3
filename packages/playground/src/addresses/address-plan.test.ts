import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { test } from 'node:test'
import { claimAddress, clusterAddresses, MAX_CLUSTERS, MAX_NODES } from './address-plan.ts'
import { loopbackOf } from './loopback.ts'

test('no address is listened on for two purposes', () => {
  const taken = new BlockList()
  const claim = (cidr: string) => {
    const [address = '', bits = ''] = cidr.split('/')
    const first = loopbackOf(address)
    assert.equal(taken.check(first), false, `${cidr} overlaps`)
    taken.addSubnet(first, Number(bits))
  }
  for (let index = 0; index < MAX_CLUSTERS; index++) {
    const { serviceCIDR, podCIDRs } = clusterAddresses(64, index, MAX_NODES)
    for (const cidr of [serviceCIDR, ...podCIDRs]) claim(cidr)
  }
  assert.equal(taken.check(claimAddress(64)), false)
})

test('a pod address and its listener differ in the first byte alone', () => {
  assert.equal(loopbackOf('10.64.16.2'), '127.64.16.2')
  assert.equal(loopbackOf('127.64.24.1'), '127.64.24.1')
  assert.equal(loopbackOf('192.168.1.10'), '192.168.1.10')
})

test('more clusters or nodes than there are addresses for are refused', () => {
  assert.throws(() => clusterAddresses(64, MAX_CLUSTERS, 1), RangeError)
  assert.throws(() => clusterAddresses(64, 0, MAX_NODES + 1), RangeError)
})
