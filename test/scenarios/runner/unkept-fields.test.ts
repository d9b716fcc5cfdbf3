import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keptFieldsOf } from '@isthmus/core'
import { loadScenarios } from './scenario.ts'
import { unkeptFields } from './unkept-fields.ts'

const field = {}
const older = keptFieldsOf({
  properties: {
    spec: { properties: { type: field, ports: field, ips: field, ipFamilies: field } },
    status: { properties: { clusters: field, conditions: field } },
  },
})

describe('what a scenario needs of the ServiceImport CRD of a real cluster', () => {
  const scenario = (id: string) => {
    const found = loadScenarios().find(one => one.id === id)
    assert.ok(found, id)
    return found
  }

  it('is every field that it expects there', () => {
    assert.deepEqual(unkeptFields(scenario('status/import'), 'west', older), ['status.endpointSliceObjects'])
    for (const id of ['endpoints/none', 'versions/both-served'])
      assert.deepEqual(unkeptFields(scenario(id), 'north', older), ['status.endpointSliceObjects'], id)
  })

  it('is not what it expects to be absent, nor what it expects of others', () => {
    assert.deepEqual(unkeptFields(scenario('versions/older-definition'), 'north', older), [])
    assert.deepEqual(unkeptFields(scenario('endpoints/none'), 'east', older), [])
  })

  it('is nothing where the CRD keeps all', () => {
    for (const one of loadScenarios())
      for (const member of Object.keys(one.members))
        assert.deepEqual(unkeptFields(one, member, keptFieldsOf(undefined)), [], one.id)
  })
})
