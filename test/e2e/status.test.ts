/** What `isthmus status` shows of clusters with agents. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { CLUSTER_PROPERTIES, SERVICE_EXPORTS } from '@isthmus/api'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'
import { CommandFolder, startCommand } from './command.ts'

let set: TestClusterSet
let folder: CommandFolder

before(async () => {
  set = await TestClusterSet.start(['east', 'west'])
  folder = new CommandFolder(set)
  await set.namespace('demo', 'east', 'west')
  await set.export('east', 'demo', 'hello', ['10.1.0.1'])
})
after(async () => {
  await set?.stop()
  folder?.remove()
})

interface Status {
  readonly problems: readonly string[]
  readonly links: readonly Record<string, unknown>[]
  readonly members: readonly Record<string, unknown>[]
}
const json = async (...flags: string[]) => {
  const { stdout, exitCode } = await folder.run('status', '-o', 'json', ...flags)
  return { ...(JSON.parse(stdout) as Status), exitCode }
}

it('shows members, links, exports and imports, and ends with 0 when all is well', async () => {
  await until(
    'all is well',
    async () => {
      const { stdout, exitCode } = await folder.run('status')
      assert.equal(exitCode, 0, stdout)
      assert.match(stdout, /^east +test +east +runs +1\/1 +1\/1 +http:/m)
      assert.match(stdout, /^west +test +west +runs +0\/0 +1\/1 +http:/m)
      assert.match(stdout, /^west reads east +connected +none /m)
      assert.match(stdout, /^demo\/hello +east +Exported$/m)
      assert.match(stdout, /^demo\/hello +west +10\.91\.\d+\.\d+ +Ready +east 1\/1$/m)
      return true
    },
    20_000,
  )
})

it('shows members that no context leads to as the others know them', async () => {
  const { members } = await json('--context', 'west')
  assert.deepEqual(
    members.map(({ cluster, context, agent, exports }) => ({ cluster, context, agent, exports })),
    [
      { cluster: 'east', context: null, agent: 'unknown', exports: null },
      { cluster: 'west', context: 'west', agent: 'runs', exports: { ready: 0, total: 0 } },
    ],
  )
})

it('shows a conflict once, with all that disagree, and calls nothing broken for it', async () => {
  await set.export('west', 'demo', 'hello', ['10.2.0.1'], { ports: [{ name: 'http', port: 81 }] })
  await until('the conflict is shown', async () => {
    const { stdout, exitCode } = await folder.run('status')
    assert.match(stdout, /^demo\/hello +PortConflict +east, west$/m)
    assert.equal(exitCode, 0, stdout)
    return true
  })
})

it('says that an agent is down, shows what it made, and ends with 1', async () => {
  await set.stopAgent('east')
  const { stdout, exitCode } = await folder.run('status')
  assert.equal(exitCode, 1)
  assert.match(stdout, /^east +test +east +stopped +1\/1 +1\/1 /m)
  assert.match(stdout, /^Wrong:\n {2}the agent of east: stopped; what it made stays as it was$/m)
  await set.startAgent('east')
})

it('tells of exports that cannot work', async () => {
  await set.member('east').client.create(SERVICE_EXPORTS, {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: { namespace: 'demo', name: 'nothing' },
  })
  await until('it is told of', async () => {
    const { problems } = await json()
    return problems.some(problem => /^export of demo\/nothing in east: NoService: /.test(problem))
  })
  await set.unexport('east', 'demo', 'nothing')
})

it('keeps itself up to date, and prints when something is another', async () => {
  const args = ['status', '--watch', '--interval', '0.1', '-o', 'json', '--kubeconfig', 'K']
  const watching = startCommand(args, folder.path)
  try {
    await until('it has printed something', () => watching.printed.endsWith('\n'))
    assert.ok(!watching.printed.includes('more/late'))
    await set.namespace('more', 'east', 'west')
    await set.export('east', 'more', 'late', ['10.1.0.2'])
    await until('the import is shown', () => {
      const last = watching.printed.split('\n').at(-2) ?? ''
      const { imports } = JSON.parse(last) as { imports: Record<string, unknown>[] }
      return imports.some(
        ({ key, cluster, state }) => `${key} ${cluster} ${state}` === 'more/late west Ready',
      )
    })
  } finally {
    watching.interrupt()
  }
  assert.equal((await watching.finished).exitCode, 0)
})

it('puts nothing into a command that somebody else wrote', async () => {
  const { client } = set.member('west')
  const property = await client.get(CLUSTER_PROPERTIES, 'cluster.clusterset.k8s.io')
  await set.stopAgent('west')
  await client.update(CLUSTER_PROPERTIES, { ...property, spec: { value: 'x; touch /tmp/x' } })
  for (const args of [['status'], ['explain', 'hello', '-n', 'demo', '--settle', '0']]) {
    const { stdout, exitCode } = await folder.run(...args)
    assert.equal(exitCode, 1)
    assert.match(stdout, /its ClusterProperty cluster\.clusterset\.k8s\.io is no cluster id/)
    assert.ok(!stdout.includes('touch'))
  }
})
