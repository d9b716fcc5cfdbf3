import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { EndpointSlice } from '@isthmus/api'
import { slice } from '../testing/objects.ts'
import type { ImportedPlan } from './plan.ts'
import { slicesByName } from './slice-names.ts'

const plan = { slices: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] } as unknown as ImportedPlan
const ours = (name: string) =>
  slice(name, { metadata: { name, labels: { 'endpointslice.kubernetes.io/managed-by': 'isthmus.dev' } } })

function named(labelled: readonly EndpointSlice[], others: readonly EndpointSlice[]) {
  const result = slicesByName('demo', plan, labelled, name => others.find(s => s.metadata.name === name))
  return {
    planned: result.plan.slices.map(({ name }) => name),
    slices: result.slices.map(({ metadata }) => metadata.name),
    message: result.obstacle?.message,
  }
}

it('what is labelled as it should be is all there is', () => {
  const all = [ours('a'), ours('old')]
  assert.deepEqual(named(all, all), { planned: ['a', 'b', 'c'], slices: ['a', 'old'], message: undefined })
})

it('a slice of ours that lost its labels is found by its name', () => {
  assert.deepEqual(named([ours('a')], [ours('b'), ours('elsewhere')]).slices, ['a', 'b'])
})

it('a slice of somebody else keeps out that of its name alone, and is told', () => {
  const { planned, slices, message } = named([ours('a')], [slice('b')])
  assert.deepEqual([planned, slices], [['a', 'c'], ['a']])
  assert.match(message ?? '', /EndpointSlice demo\/b that Isthmus did not make/)
})
