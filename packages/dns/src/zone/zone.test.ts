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
    names.setService('demo/web', () => [address('web.demo.svc', '10.0.0.1')])
    names.setService('demo/api', () => [address('api.demo.svc', '10.0.0.2')])
    const [web, api] = ['web.demo.svc', 'api.demo.svc'].map(name => find(names, name)?.answer('A'))
    assert.ok(web && api)
    names.setService('demo/api', () => [address('api.demo.svc', '10.0.0.3')])
    assert.equal(find(names, 'web.demo.svc')?.answer('A'), web)
    assert.notEqual(find(names, 'api.demo.svc')?.answer('A'), api)
  })

  it('makes the names of a service when they are asked for, once for all changes before', () => {
    const names = zone()
    let made = 0
    const read = () => {
      made++
      return [address('web.demo.svc', '10.0.0.1'), address('a.east.web.demo.svc', '10.0.0.1')]
    }
    for (let change = 0; change < 3; change++) names.setService('demo/web', read)
    assert.equal(made, 0)
    for (const name of ['web.demo.svc', 'a.east.web.demo.svc', 'b.east.web.demo.svc', 'other.demo.svc'])
      assert.equal(find(names, name) !== undefined, /^(a.east.)?web/.test(name), name)
    assert.equal(made, 1)
  })

  it('keeps answers when a change of a service is none of its names', () => {
    const names = zone()
    names.setService('demo/web', () => [address('web.demo.svc', '10.0.0.1')])
    const answer = find(names, 'web.demo.svc')?.answer('A')
    assert.ok(answer)
    names.setService('demo/web', () => [address('web.demo.svc', '10.0.0.1')])
    assert.equal(find(names, 'web.demo.svc')?.answer('A'), answer)
  })

  it('keeps its serial when what is gone goes again', () => {
    const names = zone()
    names.setService('demo/web', () => [address('web.demo.svc', '10.0.0.1')])
    names.commit(2_000_000)
    names.setService('demo/none', undefined)
    names.setNamespace('demo', false)
    names.commit(3_000_000)
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

  it('has the name of a namespace as long as it exists or has services with names', () => {
    const names = zone()
    const exists = () => find(names, 'demo.svc') !== undefined
    assert.equal(exists(), false)
    names.setService('demo/empty', () => [])
    assert.equal(exists(), false)
    names.setService('demo/web', () => [address('web.demo.svc', '10.0.0.1')])
    assert.ok(exists())
    names.setNamespace('demo', true)
    names.setService('demo/web', () => [])
    assert.ok(exists())
    names.setNamespace('demo', false)
    assert.equal(exists(), false)
  })

  it('counts the names there are, asked for or not, and none are left when all services are gone', () => {
    const names = zone()
    const before = names.size
    const read = () => [address('web.demo.svc', '10.0.0.1'), address('a.east.web.demo.svc', '10.0.0.1')]
    names.setService('demo/web', read)
    assert.equal(names.size, before + 3)
    assert.ok(find(names, 'web.demo.svc'))
    names.setService('demo/web', () => read().slice(0, 1))
    assert.ok(names.countNext())
    assert.equal(names.countNext(), false)
    assert.equal(names.size, before + 2)
    names.setService('demo/web', undefined)
    assert.equal(names.size, before)
    assert.equal(find(names, 'web.demo.svc'), undefined)
  })
})
