/** Every scenario on the model: core's functions alone. */
import { describe, it } from 'node:test'
import { ModelClusters } from './runner/model.ts'
import { runScenario } from './runner/run.ts'
import { loadScenarios } from './runner/scenario.ts'

const only = process.env.ISTHMUS_TEST_SCENARIO

describe('core alone', () => {
  for (const scenario of loadScenarios().filter(({ id }) => only === undefined || id.includes(only))) {
    it(`${scenario.id}: ${scenario.name}`, { skip: scenario.leftOut.model ?? false }, async () => {
      const clusters = await ModelClusters.start(scenario.members)
      await runScenario(scenario, clusters, scenario.id.replaceAll('/', '-'))
    })
  }
})
