/** All that an agent may do for its membership is done in the life of a member, and nothing else is tried. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { removeMember } from '@isthmus/agent'
import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import { Calls, installedGrants } from '../fixtures/granted-calls.ts'
import { until } from '../fixtures/until.ts'
import { accountOf } from './account-of.ts'
import { RunningSet } from './running-set.ts'

const AGENT = 'system:serviceaccount:isthmus-system:isthmus-agent'
const ROLES = { group: 'rbac.authorization.k8s.io', plural: 'roles' }

let set: RunningSet
before(async () => {
  set = await RunningSet.start('east', 'west')
})
after(() => set.stop())

test('what an agent may do for its membership is what it does', async () => {
  const calls = new Calls()
  const { server } = set.member('east')
  calls.watch(server, request => accountOf(request) === AGENT)
  // All begins with the next member, whom no administrator helps here.
  await set.addCluster('north')
  await set.join('north')
  await set.stopAgent('east')
  await set.startAgent('east')
  await set.startAgent('north')
  await set.linked('east', 'west', 'north')
  // A version to come may let readers do something else.
  const { local } = server
  const slot = local
    .list({ group: '', plural: 'secrets' }, EXCHANGE_NAMESPACE)
    .find(({ metadata }) => metadata.labels?.['isthmus.dev/reader'] === 'north')?.metadata.name
  const role = local.get(ROLES, EXCHANGE_NAMESPACE, slot ?? '')
  local.update(ROLES, { ...role, rules: [] } as never)
  set.pass(12.5 * 3_600_000)
  await set.eventually('renewed', () => {
    const { rules } = local.get(ROLES, EXCHANGE_NAMESPACE, slot ?? '') as unknown as { rules: unknown[] }
    return rules.length > 0
  })
  await set.stopAgent('north')
  // Written after a few seconds, that of the highest sequence: there has to be something to forget.
  await until('the link is remembered', () => {
    try {
      return local.get({ group: '', plural: 'configmaps' }, AGENT_NAMESPACE, 'link-north') !== undefined
    } catch {
      return false
    }
  })
  await removeMember({ registry: set.registry.client, clusterId: 'north', timeoutMs: 20_000 })
  await until('forgotten', () => set.link('east').north === undefined)
  await set.member('east').agent?.idle()

  const grants = installedGrants('isthmus-agent')
  const isOfMembership = (what: string) =>
    /: \w+ (secrets|serviceaccounts(\/token)?|roles|rolebindings)$|: delete configmaps$/.test(what)
  assert.deepEqual(calls.denied(grants), [])
  await until('all is used', () => {
    assert.deepEqual(calls.unused(grants).filter(isOfMembership), [])
    return true
  })
})
