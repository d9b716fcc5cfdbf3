import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseEndpoint, type ProxyEndpoint } from './endpoint-choice.ts'
import { Spreader } from './spreader.ts'

const endpoints = (count: number): ProxyEndpoint[] =>
  Array.from({ length: count }, (_, n) => ({ key: `10.64.0.${n}:80`, address: `10.64.0.${n}`, port: 80 }))

test('any run of connections is spread with a difference of at most one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(1000), fc.nat(300), (count, from, connections) => {
      const counts = new Map<string, number>(endpoints(count).map(({ key }) => [key, 0]))
      for (let turn = from; turn < from + connections; turn++) {
        const { key } = chooseEndpoint(endpoints(count), turn, undefined) ?? assert.fail()
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1)
    }),
  )
})

test('a client keeps its endpoint while that is there', () => {
  assert.equal(chooseEndpoint(endpoints(3), 0, '10.64.0.2:80')?.key, '10.64.0.2:80')
  assert.equal(chooseEndpoint(endpoints(2), 0, '10.64.0.2:80')?.key, '10.64.0.0:80')
  assert.equal(chooseEndpoint([], 0, '10.64.0.2:80'), undefined)
})

test('affinity holds until the timeout after the last connection, for each client by itself', () => {
  let now = 0
  const spreader = new Spreader({ endpoints: endpoints(3), affinityMs: 1000 }, () => now)
  const first = spreader.next('127.0.0.1')?.key
  now = 999
  assert.equal(spreader.next('127.0.0.1')?.key, first)
  assert.notEqual(spreader.next('127.0.0.2')?.key, first)
  now = 1998
  assert.equal(spreader.next('127.0.0.1')?.key, first)
  now = 2998
  assert.notEqual(spreader.next('127.0.0.1')?.key, first)
})

test('a client whose endpoint is gone gets another one and keeps that', () => {
  const spreader = new Spreader({ endpoints: endpoints(1), affinityMs: 1000 }, () => 0)
  assert.equal(spreader.next('127.0.0.1')?.key, '10.64.0.0:80')
  spreader.update({ endpoints: endpoints(3).slice(1), affinityMs: 1000 })
  const second = spreader.next('127.0.0.1')?.key
  assert.notEqual(second, '10.64.0.0:80')
  assert.equal(spreader.next('127.0.0.1')?.key, second)
})
