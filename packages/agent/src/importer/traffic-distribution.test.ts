import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service } from '@isthmus/api'
import type { ImportedPlan } from '@isthmus/core'
import { ApiError } from '@isthmus/kube'
import { RETRY_VALUE_MS, TrafficDistributions } from './traffic-distribution.ts'

const plan = (trafficDistribution?: string) =>
  ({
    kind: 'import',
    spec: {
      type: 'ClusterSetIP',
      ports: [],
      ...(trafficDistribution === undefined ? {} : { trafficDistribution }),
    },
  }) as unknown as ImportedPlan

const service = (spec: Service['spec']) =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: {}, spec }) as Service

const invalid = (...fields: string[]) =>
  new ApiError(422, 'invalid', {
    status: {
      apiVersion: 'v1',
      kind: 'Status',
      reason: 'Invalid',
      details: { causes: fields.map(field => ({ field })) },
    },
  })

describe('values of trafficDistribution', () => {
  it('are left out when the server refused them, until it is time to ask again', () => {
    let now = 0
    const values = new TrafficDistributions(() => now)
    assert.equal(values.servable(plan('PreferSameNode')).spec.trafficDistribution, 'PreferSameNode')
    values.refuse(plan('PreferSameNode'))
    assert.equal(values.leftOut(plan('PreferSameNode')), 'PreferSameNode')
    assert.equal('trafficDistribution' in values.servable(plan('PreferSameNode')).spec, false)
    assert.equal(values.leftOut(plan('PreferClose')), undefined)
    assert.equal(values.leftOut(plan()), undefined)
    now = RETRY_VALUE_MS
    assert.equal(values.leftOut(plan('PreferSameNode')), undefined)
  })

  it('count as refused when the server drops the field without a word', () => {
    const values = new TrafficDistributions(() => 0)
    values.observe(plan('PreferClose'), service({ trafficDistribution: 'PreferClose' }))
    assert.equal(values.leftOut(plan('PreferClose')), undefined)
    values.observe(plan('PreferClose'), service({}))
    assert.equal(values.leftOut(plan('PreferClose')), 'PreferClose')
  })

  it('are to blame only where the server objects to nothing else', () => {
    const values = new TrafficDistributions(() => 0)
    assert.equal(values.isRefusal(invalid('spec.trafficDistribution')), true)
    assert.equal(values.isRefusal(invalid('spec.trafficDistribution', 'spec.clusterIPs')), false)
    assert.equal(values.isRefusal(invalid()), false)
    assert.equal(values.isRefusal(new ApiError(403, 'quota')), false)
    assert.equal(values.isRefusal(new Error('cut')), false)
  })
})
