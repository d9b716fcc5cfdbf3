import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isDNSLabel, isDNSSubdomain } from '../check/formats.ts'
import { chunkName, derivedServiceName, importedSliceName, recordName, splitServiceKey } from './names.ts'

it('derived names are DNS labels, also of the longest names, and differ for every service', () => {
  const longest = 'a'.repeat(63)
  assert.ok(isDNSLabel(derivedServiceName(longest, longest)))
  assert.notEqual(derivedServiceName('a', longest), derivedServiceName('b', longest))
  assert.equal(derivedServiceName('demo', 'hello'), 'hello-656931a916')
})

it('names of records, chunks and slices are object names, also of the longest names', () => {
  const longest = 'a'.repeat(63)
  assert.ok(isDNSSubdomain(recordName(longest, longest)))
  assert.ok(isDNSSubdomain(chunkName(longest, longest, 'x'.repeat(253))))
  assert.ok(isDNSSubdomain(importedSliceName(derivedServiceName(longest, longest), longest, 'x', 'IPv4')))
})

it('a key has two halves', () => {
  assert.deepEqual(splitServiceKey('demo/hello'), { namespace: 'demo', name: 'hello' })
  for (const bad of ['', 'demo', '/x', 'x/', 'a/b/c']) assert.equal(splitServiceKey(bad), undefined)
})
