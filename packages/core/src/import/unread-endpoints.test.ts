import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ExportedEndpointsSpec } from '@isthmus/api'
import type { Contribution } from '../member/contribution.ts'
import { importedSliceName } from '../naming/names.ts'
import type { ImportedPlan } from './plan.ts'
import { membersNotReadWhole } from './unread-endpoints.ts'

const plan = { derivedName: 'hello-1', refusedClusters: [] as readonly string[] } as ImportedPlan
const present = (
  clusterId: string,
  chunk: ExportedEndpointsSpec | undefined,
  rules: readonly string[] = [],
) =>
  new Map([
    [
      clusterId,
      {
        kind: 'present',
        export: { clusterId, spec: {}, chunks: new Map([['hello.demo.0', chunk]]) },
        refusals: rules.map(rule => ({ rule, message: 'no' })),
      } as unknown as Contribution,
    ],
  ])
const chunk = { addressType: 'IPv4' } as ExportedEndpointsSpec

it('endpoints that are named and not there are awaited', () => {
  assert.deepEqual(membersNotReadWhole(present('west', undefined), plan, new Set()), ['west'])
  assert.deepEqual(membersNotReadWhole(present('west', chunk), plan, new Set()), [])
})

it('what is here from before will do until they come', () => {
  for (const type of ['IPv4', 'IPv6']) {
    const slice = importedSliceName('hello-1', 'west', 'hello.demo.0', type)
    assert.deepEqual(membersNotReadWhole(present('west', undefined), plan, new Set([slice])), [])
  }
})

it('what is refused is not awaited, nor what is unknown', () => {
  assert.deepEqual(membersNotReadWhole(present('west', undefined, ['endpoints']), plan, new Set()), [])
  const unknown: Contribution = { kind: 'unknown', why: 'silent', remembered: undefined, refusals: [] }
  assert.deepEqual(membersNotReadWhole(new Map([['west', unknown]]), plan, new Set()), [])
})
