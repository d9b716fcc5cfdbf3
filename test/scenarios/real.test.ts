/**
 * Every scenario with agents on real clusters: `ISTHMUS_TEST_KUBECONFIG` is a file, `ISTHMUS_TEST_CONTEXTS`
 * three of its contexts. They are changed: Isthmus is installed into them, and its agents must not run there.
 */
import { after, before, describe, it } from 'node:test'
import { RealClusters } from './runner/real.ts'
import { runScenario } from './runner/run.ts'
import { loadScenarios } from './runner/scenario.ts'

const kubeconfig = process.env.ISTHMUS_TEST_KUBECONFIG
const contexts = process.env.ISTHMUS_TEST_CONTEXTS?.split(',') ?? []
const only = process.env.ISTHMUS_TEST_SCENARIO
const skip = kubeconfig === undefined ? 'ISTHMUS_TEST_KUBECONFIG is not set' : false

describe('agents on real clusters', { skip }, () => {
  let clusters: RealClusters
  before(async () => {
    clusters = await RealClusters.start({ kubeconfig: kubeconfig ?? '', contexts })
  })
  after(() => clusters?.close())
  for (const scenario of loadScenarios().filter(({ id }) => only === undefined || id.includes(only))) {
    it(`${scenario.id}: ${scenario.name}`, { timeout: 180_000 }, async test => {
      const why = clusters.takeOn(scenario)
      if (why !== undefined) return test.skip(why)
      const namespace = `${scenario.id.replaceAll('/', '-')}-${Date.now().toString(36)}`.slice(0, 63)
      try {
        await runScenario(scenario, clusters, namespace)
      } finally {
        await clusters.startAgents()
        await clusters.removeAllOf(namespace)
      }
    })
  }
})
