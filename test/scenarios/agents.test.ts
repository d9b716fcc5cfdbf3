/** Every scenario with agents on embedded clusters; those that stop or break nothing share theirs. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { installedGrants } from '../fixtures/granted-calls.ts'
import { calls, EmbeddedClusters } from './runner/embedded.ts'
import { runScenario } from './runner/run.ts'
import { loadScenarios, type Scenario } from './runner/scenario.ts'

/** Scenarios at once: more than processors, as most of the time one waits for another's turn. */
const AT_ONCE = 8

/** Longer than any expectation of a scenario is waited for. */
const TIMEOUT_MS = 90_000

const only = process.env.ISTHMUS_TEST_SCENARIO
const scenarios = loadScenarios().filter(({ id }) => only === undefined || id.includes(only))
const namespaceOf = ({ id }: Scenario) => id.replaceAll('/', '-')

const shared = Map.groupBy(
  scenarios.filter(({ alone }) => !alone),
  ({ members }) => JSON.stringify(members),
)
for (const group of shared.values()) {
  const members = group[0]?.members ?? {}
  describe(`agents of ${Object.entries(members)
    .map(([id, { families }]) => `${id} (${families.join(', ')})`)
    .join(', ')}`, { concurrency: AT_ONCE }, () => {
    let clusters: EmbeddedClusters
    before(async () => {
      clusters = await EmbeddedClusters.start(members)
    })
    after(() => clusters.close())
    for (const scenario of group) {
      it(
        `${scenario.id}: ${scenario.name}`,
        { skip: scenario.leftOut.agents ?? false, timeout: TIMEOUT_MS },
        () => runScenario(scenario, clusters, namespaceOf(scenario)),
      )
    }
  })
}

describe('agents on clusters of their own', { concurrency: 3 }, () => {
  for (const scenario of scenarios.filter(({ alone }) => alone)) {
    it(`${scenario.id}: ${scenario.name}`, {
      skip: scenario.leftOut.agents ?? false,
      timeout: TIMEOUT_MS,
    }, async () => {
      const clusters = await EmbeddedClusters.start(scenario.members)
      try {
        await runScenario(scenario, clusters, namespaceOf(scenario))
      } finally {
        await clusters.close()
      }
    })
  }
})

const ELSEWHERE = new RegExp(
  [
    // What only members of a registry need: see test/membership/agent-permissions.test.ts.
    ': \\w+ (secrets|serviceaccounts|serviceaccounts/token|roles|rolebindings)$',
    ': delete configmaps$',
    // It gives this to readers, and nobody can give what he has not.
    'publisher: watch leases$',
    // The command does it, before there is an agent.
    ': get clusterroles$',
    // OpenShift asks for it.
    ': create endpointslices/restricted$',
  ].join('|'),
)

describe('the permissions that are installed', { skip: only !== undefined }, () => {
  for (const [account, made] of [
    ['isthmus-agent', calls.agents],
    ['isthmus-reader', calls.readers],
  ] as const) {
    const grants = installedGrants(account)
    it(`${account}: all that was done above is allowed`, () => assert.deepEqual(made.denied(grants), []))
    it(`${account}: all that is allowed was done above`, () => {
      const unused = made.unused(grants).filter(what => !ELSEWHERE.test(what))
      assert.deepEqual(unused, [])
    })
  }
})
