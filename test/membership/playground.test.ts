/** What the guide lets a person try in the playground: leave, join again, take an id twice, lose the registry. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Playground } from '@isthmus/playground'
import { startCommand } from '../e2e/command.ts'
import { until } from '../fixtures/until.ts'

suite('membership in the playground', { timeout: 120_000 }, () => {
  let folder: string
  let playground: Playground
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isthmus-membership-'))
    playground = await Playground.start({ home: join(folder, '.isthmus'), demo: { port: 18_080 } })
  })
  after(async () => {
    await playground?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const isthmus = (line: string) =>
    startCommand([...line.split(' '), '--kubeconfig', playground.state.kubeconfig], folder).finished
  const cluster = (name: string) => {
    const found = playground.snapshot().clusters.find(one => one.name === name)
    return found ?? assert.fail(name)
  }
  const endpoints = (name: string) =>
    cluster(name).imports[0]?.endpoints.map(({ cluster, ready }) => `${cluster} ${ready}`) ?? []

  test('a cluster leaves: its agent and DNS server end, and the others no longer call it', async () => {
    const { exitCode, stdout, stderr } = await isthmus('leave --context west --registry-context east')
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /west has left playground\. Its members are east, north\.\n/)
    await until(
      'the others have withdrawn it',
      () => endpoints('east').join() === 'east 2' && endpoints('north').join() === 'east 2',
    )
    await until(
      'its agent is gone',
      () => cluster('west').reasons.join() === 'it is not a member of a ClusterSet: no agent runs',
    )
    // Started again without a membership, it stays as it is.
    await playground.stopCluster('west')
    await playground.startCluster('west')
    assert.equal(playground.cluster('west').agent, undefined)
  })

  test('it joins again, with its own id alone, and is called as before', async () => {
    const taken = await isthmus('join --context west --registry-context east --cluster-id north')
    assert.match(taken.stderr, /another cluster .* is the member north/)
    const joined = await isthmus('join --context west --registry-context east --cluster-id west --no-wait')
    assert.equal(joined.exitCode, 0, joined.stderr)
    await playground.startCluster('west')
    for (const name of ['east', 'west', 'north'])
      await until(`${name} calls both`, () => endpoints(name).join() === 'east 2,west 2', 20_000)
  })

  test('without the registry links go on, and who joins is told that it cannot be reached', async () => {
    await playground.stopCluster('east')
    const { exitCode, stderr } = await isthmus(
      'join --context north --registry-context east --cluster-id north',
    )
    assert.match(stderr, /cannot be reached: the connection was refused[\s\S]*\(ECONNREFUSED\)/)
    assert.equal(exitCode, 69)
    await playground.stopCluster('north')
    await playground.startCluster('north')
    await until(
      'north is linked with west',
      () =>
        cluster('north').links.some(({ clusterId, state }) => clusterId === 'west' && state === 'connected'),
      20_000,
    )
    const { stdout } = await isthmus('members --context north')
    assert.match(stdout, /^The registry of playground cannot be asked: [\s\S]*\neast .*\nwest /)
  })
})
