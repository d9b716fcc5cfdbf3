import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IPFamily } from '@isthmus/api'
import fc from 'fast-check'
import { derivedServiceFamilies, familyOf, importedFamilies } from './ip-families.ts'

const anyFamilies = fc.constantFrom<readonly IPFamily[]>(
  ...[['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']].map(families => families as IPFamily[]),
)
const anyFirst = fc.constantFrom<IPFamily | undefined>('IPv4', 'IPv6', undefined)

describe('families of an import', () => {
  it('are those of the exports that the cluster has, whatever the Service was made with', () => {
    fc.assert(
      fc.property(anyFamilies, anyFamilies, anyFirst, (merged, supported, first) => {
        const families = importedFamilies(merged, supported, first)
        const wanted = merged.filter(family => supported.includes(family))
        assert.deepEqual(families.toSorted(), wanted.toSorted())
      }),
    )
  })

  it('go in the order of the derived Service, which keeps the one that it was made with', () => {
    fc.assert(
      fc.property(anyFamilies, anyFamilies, anyFirst, (merged, supported, first) => {
        const imported = importedFamilies(merged, supported, first)
        const service = derivedServiceFamilies(imported, first)
        assert.deepEqual(
          service.filter(family => imported.includes(family)),
          imported,
        )
        if (imported.length > 0 && first !== undefined) assert.equal(service[0], first)
        assert.equal(new Set(service).size, service.length)
      }),
    )
  })

  it('are told by addresses', () => {
    assert.deepEqual(['10.96.0.1', 'fd00::1', '::'].map(familyOf), ['IPv4', 'IPv6', 'IPv6'])
  })
})
