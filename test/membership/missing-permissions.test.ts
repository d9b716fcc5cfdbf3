/** An agent whose role is that of an earlier version: whatever it lacks, it says that `isthmus install` gives it. */
import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import { installInto } from '@isthmus/agent'
import { until } from '../fixtures/until.ts'
import { RunningSet } from './running-set.ts'

const RBAC = 'rbac.authorization.k8s.io'

interface Rule {
  resources: string[]
  verbs: string[]
}

suite('without a permission', () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start('east', 'west')
    await set.namespace('east', 'west')
    await set.export('west', 'hello', '10.2.0.1')
    await set.linked('east', 'west')
  })
  after(() => set.stop())
  afterEach(async () => {
    await set.stopAgent('east')
    await installInto(set.member('east').client)
  })

  /** Wherever its role grants them. */
  async function takeAway(resource: string, verbs?: readonly string[]): Promise<void> {
    const { local } = set.member('east').server
    for (const [plural, namespace] of [
      ['clusterroles', undefined],
      ['roles', 'isthmus-system'],
      ['roles', 'isthmus-exchange'],
    ] as const) {
      const type = { group: RBAC, plural }
      for (const role of local.list(type, namespace)) {
        if (!role.metadata.name?.startsWith('isthmus-agent')) continue
        const { rules } = role as unknown as { rules: Rule[] }
        const left = rules.flatMap(rule => {
          if (!rule.resources.includes(resource)) return [rule]
          const others = rule.resources.filter(other => other !== resource)
          const kept = verbs === undefined ? [] : rule.verbs.filter(verb => !verbs.includes(verb))
          return [
            ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
            ...(kept.length === 0 ? [] : [{ ...rule, resources: [resource], verbs: kept }]),
          ]
        })
        local.update(type, { ...role, rules: left } as never)
      }
    }
  }

  for (const resource of ['secrets', 'configmaps', 'endpointslices', 'serviceimports', 'exportindexes']) {
    test(`to ${resource} it does not start, and says what to do`, async () => {
      await set.stopAgent('east')
      await takeAway(resource)
      await assert.rejects(set.startAgent('east'), {
        code: 'ISTHMUS_PERMISSION_MISSING',
        exitCode: 77,
        message: new RegExp(`we may not list ${resource}.* \\(403\\)$`),
        remedy: /^Run `isthmus install` for this cluster again/,
      })
    })
  }

  test('to Leases nobody leads, and it is not ready', async () => {
    await set.stopAgent('east')
    await takeAway('leases', ['create', 'update', 'get'])
    await set.startAgent('east')
    await until('told', () => tellsOf('east', /we may not \w+ leases\S* in namespace isthmus-system/))
  })

  test('to give readers tokens it tells of the peer', async () => {
    await set.startAgent('east')
    await set.linked('east', 'west')
    await takeAway('serviceaccounts/token')
    await set.relink('west')
    await set.eventually('told', () =>
      tellsOf('east', /we may not create serviceaccounts\/\S*token in namespace isthmus-exchange/),
    )
  })

  test('to write what it imports the import tells it', async () => {
    await set.startAgent('east')
    await set.linked('east', 'west')
    await takeAway('services', ['create', 'update'])
    await set.export('west', 'other', '10.2.0.2')
    await until('told', () => tellsOf('east', /we may not create services in namespace demo \(403\)/))
  })

  function tellsOf(id: string, words: RegExp): boolean {
    const said = JSON.stringify(set.member(id).agent?.status())
    return words.test(said) && /run `isthmus install` for this cluster again/.test(said)
  }
})
