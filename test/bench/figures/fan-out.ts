/** One agent in sets of 10 to 500 members, whose exchanges are in the agent's process: no HTTP but to its own cluster. */
import { join } from 'node:path'
import { parseJson } from '../../fixtures/json.ts'
import { until } from '../../fixtures/until.ts'
import type { FanOutResult } from '../lab/fan-out-agent.ts'
import type { Figure, FigureContext, Row } from '../lab/figure.ts'
import { line } from '../lab/numbers.ts'
import { BenchProcess } from '../lab/process.ts'

const MEMBERS = [10, 50, 100, 250, 500] as const

export const fanOut: Figure = {
  name: 'fan-out',
  summary: 'processor time and memory of an agent in sets of 10 to 500 members of 20 services each',
  real: false,
  run: measure,
}

async function measure({ clusters, scale, progress }: FigureContext): Promise<readonly Row[]> {
  const results: FanOutResult[] = []
  for (const members of MEMBERS.filter(count => scale >= 1 || count <= 500 * scale)) {
    progress(`${members} members`)
    const [own] = await clusters.open(1)
    if (own === undefined) throw new Error('one cluster is needed')
    const agent = new BenchProcess(process.execPath, [
      join(import.meta.dirname, '../lab/fan-out-agent.ts'),
      own.kubeconfig,
      String(members),
    ])
    await until('the agent has been measured', () => agent.ended, 900_000)
    const result = /^result (.*)$/m.exec(agent.output)?.[1]
    if (result === undefined) throw new Error(`the agent failed:\n${agent.output}`)
    results.push(parseJson<FanOutResult>(result))
    await clusters.close()
  }
  const figure = 'fan-out'
  const fit = (of: (result: FanOutResult) => number) =>
    line(results.map(result => [result.members, of(result)] as const))
  return [
    ...results.flatMap((result): Row[] => {
      const what = `${result.members} members`
      return [
        { figure, what: `${what}: processor time of the first sync`, value: result.syncSeconds, unit: 's' },
        { figure, what: `${what}: quiet, heartbeats alone`, value: result.quietPercent, unit: '% of a core' },
        { figure, what: `${what}: memory`, value: result.memory / 2 ** 20, unit: 'MB' },
        {
          figure,
          what: `${what}: writes when a member restarts`,
          value: result.writesAtRestart,
          unit: 'writes',
          target: { atMost: 0 },
        },
      ]
    }),
    {
      figure,
      what: 'how straight: processor time by members',
      value: fit(result => result.syncSeconds).fit,
      unit: 'r²',
      target: { atLeast: 0.95 },
    },
    ...memoryGrowth(results),
  ]
}

/** A heap is not given back at once, so that points scatter about a line; more than a line it must not be. */
function memoryGrowth(results: readonly FanOutResult[]): readonly Row[] {
  const [least, ...others] = results
  const [most, some] = [others.at(-1), others.at(-3) ?? others[0]]
  if (least === undefined || most === undefined || some === undefined) return []
  const each = ({ memory, members }: FanOutResult) =>
    (memory - least.memory) / (members - least.members) / 1024
  return [
    {
      figure: 'fan-out',
      what: `memory of each member over the first ${least.members}, at ${most.members}`,
      value: each(most),
      unit: 'KB',
      baseline: { what: `at ${some.members}`, value: each(some) },
      target: { atMost: 1.2 },
    },
  ]
}
