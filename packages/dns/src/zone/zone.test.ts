import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ZoneName } from '@isthmus/core'
import { labelsOf } from '../message/wire-name.ts'
import { Zone } from './zone.ts'

const address = (name: string, address: string): ZoneName => ({ name, records: [{ type: 'A', address }] })

function zone(): Zone {
  const zone = new Zone({ ttl: 5, nameServerAddresses: [] })
  zone.commit(1_000_000)
  return zone
}

function find(zone: Zone, name: string) {
  const labels = labelsOf(name)
  return zone.find(labels, 0, labels.length)
}

describe('a zone', () => {
  it('prepares an answer once, and again only for the service that changed', () => {
    const names = zone()
    names.setService('demo/web', [address('web.demo.svc', '10.0.0.1')])
    names.setService('demo/api', [address('api.demo.svc', '10.0.0.2')])
    const [web, api] = ['web.demo.svc', 'api.demo.svc'].map(name => find(names, name)?.answer('A'))
    assert.ok(web && api)
    names.setService('demo/api', [address('api.demo.svc', '10.0.0.3')])
    assert.equal(find(names, 'web.demo.svc')?.answer('A'), web)
    assert.notEqual(find(names, 'api.demo.svc')?.answer('A'), api)
  })

  it('keeps answers and serial when a service is set to what it is', () => {
    const names = zone()
    names.setService('demo/web', [address('web.demo.svc', '10.0.0.1')])
    names.commit(2_000_000)
    const answer = find(names, 'web.demo.svc')?.answer('A')
    names.setService('demo/web', [address('web.demo.svc', '10.0.0.1')])
    names.setNamespace('demo', false)
    names.commit(3_000_000)
    assert.equal(find(names, 'web.demo.svc')?.answer('A'), answer)
    assert.equal(names.startOfAuthority.serial, 2000)
  })

  it('has a serial that grows with every change, also within a second and when the clock goes back', () => {
    const names = zone()
    const serials = [5_000_000, 5_000_100, 4_000_000, 6_000_000].map((now, index) => {
      names.setNamespace(`ns-${index}`, true)
      names.commit(now)
      return names.startOfAuthority.serial
    })
    assert.deepEqual(serials, [5000, 5001, 5002, 6000])
  })

  it('has the name of a namespace as long as it exists or has services', () => {
    const names = zone()
    const exists = () => find(names, 'demo.svc') !== undefined
    assert.equal(exists(), false)
    names.setService('demo/web', [address('web.demo.svc', '10.0.0.1')])
    assert.ok(exists())
    names.setNamespace('demo', true)
    names.setService('demo/web', [])
    assert.ok(exists())
    names.setNamespace('demo', false)
    assert.equal(exists(), false)
  })

  it('has no names left when all services are gone', () => {
    const names = zone()
    const before = names.size
    names.setService('demo/web', [
      address('web.demo.svc', '10.0.0.1'),
      address('a.east.web.demo.svc', '10.0.0.1'),
    ])
    assert.equal(names.size, before + 3)
    names.setService('demo/web', [])
    assert.equal(names.size, before)
  })
})
