/** A member that was taken over against two that were not: nothing gets in, the rest goes on, and the reason is told. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ENDPOINT_SLICES,
  EVENTS,
  type Event,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  IMPORT_POLICIES,
  NODES,
  SERVICE_IMPORTS,
} from '@isthmus/api'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until as untilTrue } from '../fixtures/until.ts'
import { Attacker } from './attacker.ts'
import { CASES } from './cases.ts'

describe('a member that was taken over', { concurrency: false }, () => {
  let set: TestClusterSet
  let attacker: Attacker

  before(async () => {
    set = await TestClusterSet.start(['east', 'west', 'north'])
    await set.stopAgent('east')
    attacker = new Attacker(set.member('east').server)
    await set.namespace('demo', 'west', 'north')
    await set.namespace('bank', 'west', 'north')
    const { local } = set.member('north').server
    local.create(
      IMPORT_POLICIES,
      policy('east', ['demo'], ['10.66.0.0/16', '10.244.0.0/16', '10.92.0.0/16', '192.0.2.0/24', 'fd00::/8']),
    )
    local.create(IMPORT_POLICIES, policy('west', ['*']))
    local.create(NODES, { metadata: { name: 'n1' }, spec: { podCIDRs: ['10.244.3.0/24'] } })
    local.create(ENDPOINT_SLICES, {
      metadata: {
        namespace: 'default',
        name: 'more',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: 6443 }],
      endpoints: [{ addresses: ['192.0.2.10'] }],
    })
    await set.export('west', 'demo', 'hello', ['10.2.0.1'])
    await until('the honest import', async () => (await set.reached('north', 'demo', 'hello')).length === 1)
  })
  after(() => set.stop())

  for (const hostile of CASES) {
    it(`gets nowhere with ${hostile.what}`, async () => {
      const { importOf } = hostile
      withdraw()
      await until(
        'nothing of it is left',
        () => objectsOfEast().length === 0 && imports().join() === 'demo/hello',
      )
      hostile.attack(attacker)
      await until('the reason is told', () => assert.match(told(), hostile.says))
      if (hostile.rule !== undefined)
        await until('the metric', async () => {
          const text = await set.member('north').agent?.metrics.metrics()
          assert.match(
            text ?? '',
            new RegExp(`isthmus_refusals\\{member="east",rule="${hostile.rule}"\\} [1-9]`),
          )
        })
      const wanted = ['demo/hello', ...(importOf === undefined ? [] : [importOf])].sort()
      await until('what is imported', () => assert.deepEqual(imports(), wanted))
      await until('what is reached', () => assert.deepEqual(addressesOfEast(), hostile.reached ?? []))
      assert.deepEqual(await set.reached('north', 'demo', 'hello'), ['west: 10.2.0.1'])
    })
  }

  it('is told of when it backdates an export, and so wins what it may take part in', async () => {
    withdraw()
    attacker.forge({
      name: 'hello',
      spec: { exportedAt: '2001-01-01T00:00:00Z', sessionAffinity: 'ClientIP' },
    })
    const event = await untilTrue('an event', () => events().find(({ reason }) => reason === 'WinnerChanged'))
    assert.deepEqual([event.type, event.regarding?.kind], ['Warning', 'ServiceImport'])
    assert.match(event.note ?? '', /cluster east is used now, no longer that of west, which exports it still/)
    await until('the conflict is on the honest export', async () => {
      const [status] = set.member('west').agent?.status().exports ?? []
      assert.equal(status?.conflict, true)
    })
  })

  it('holds up no other with a flood of changes', { timeout: 60_000 }, async () => {
    withdraw()
    for (let i = 0; i < 10; i++) attacker.forge({ name: `s${i}` })
    await until('they are there', () => imports().length === 11)
    let sent = 0
    const flood = setInterval(() => {
      for (let i = 0; i < 10; i++, sent++)
        attacker.forge({
          name: `s${i}`,
          chunks: [
            {
              endpoints: [
                { addresses: [`10.66.1.${sent % 250}`], ready: true, serving: true, terminating: false },
              ],
            },
          ],
        })
    }, 20)
    try {
      await until('a flood', () => sent > 300)
      const { local } = set.member('west').server
      for (const last of [2, 3, 4]) {
        const slice = structuredClone(local.get(ENDPOINT_SLICES, 'demo', 'hello-1'))
        assert.ok(slice)
        slice.endpoints = [{ addresses: [`10.2.0.${last}`], conditions: { ready: true } }]
        local.update(ENDPOINT_SLICES, slice)
        await until(
          'the honest change',
          async () => assert.deepEqual(await set.reached('north', 'demo', 'hello'), [`west: 10.2.0.${last}`]),
          5_000,
        )
      }
    } finally {
      clearInterval(flood)
    }
  })

  const north = () => set.member('north').server.local

  function withdraw(): void {
    attacker.index({ services: [] })
    const { local } = set.member('east').server
    for (const type of [EXPORTED_SERVICES, EXPORTED_ENDPOINTS])
      for (const { metadata } of local.list(type)) local.delete(type, metadata.namespace, metadata.name)
    for (const { metadata } of north().list(EVENTS)) north().delete(EVENTS, metadata.namespace, metadata.name)
  }

  function imports(): string[] {
    return north()
      .list(SERVICE_IMPORTS)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort()
  }

  function objectsOfEast() {
    return north().list(ENDPOINT_SLICES, undefined, {
      labelSelector: 'multicluster.kubernetes.io/source-cluster=east',
    })
  }

  function addressesOfEast(): string[] {
    return objectsOfEast()
      .flatMap(({ endpoints }) => (endpoints ?? []) as { addresses: string[] }[])
      .flatMap(({ addresses }) => addresses)
      .sort()
  }

  function events(): Event[] {
    return north().list(EVENTS) as unknown as Event[]
  }

  /** All that a person can find of it: events, conditions, links. */
  function told(): string {
    const links = set.member('north').agent?.status().links ?? []
    const conditions = north()
      .list(SERVICE_IMPORTS)
      .map(({ status }) => JSON.stringify(status))
    return [
      ...events().map(({ note }) => note ?? ''),
      ...conditions,
      ...links.map(({ reason }) => reason ?? ''),
    ].join('\n')
  }
})

function policy(clusterId: string, names: string[], addresses?: string[]) {
  return {
    metadata: { name: clusterId },
    spec: { members: [{ clusterId, ...(addresses && { addresses }) }], namespaces: { names } },
  }
}

/** Waits until nothing in it is asserted in vain, and what it answers, if it does, is true. */
function until<T>(what: string, right: () => T | Promise<T>, timeoutMs?: number) {
  return untilTrue(what, async () => (await right()) ?? 'asserted', timeoutMs) as Promise<
    NonNullable<Exclude<T, false>>
  >
}
