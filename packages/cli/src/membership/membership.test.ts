/** A ClusterSet from the command line, as docs/guide tells; the agents are commands too. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type ApiServer, effects } from '@isthmus/apiserver'
import { startApiServers } from '../testing/api-servers.ts'
import { type RunningCommand, runCommand, startCommand } from '../testing/run-command.ts'

const CONTEXTS = ['hub', 'east', 'west']

suite('a ClusterSet', { timeout: 120_000 }, () => {
  let cwd: string
  let servers: readonly ApiServer[] = []
  const agents: RunningCommand[] = []

  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'isthmus-membership-'))
    servers = await startApiServers(CONTEXTS, join(cwd, 'K'))
  })
  after(async () => {
    for (const agent of agents) agent.interrupt()
    await Promise.all(agents.map(agent => agent.finished))
    await Promise.all(servers.map(server => server.close()))
    await rm(cwd, { recursive: true })
  })

  const run = (...args: string[]) => runCommand([...args, '--kubeconfig', 'K'], { cwd })
  const good = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args)
    assert.equal(exitCode, 0, stderr)
    return stdout
  }
  const startAgent = (context: string) =>
    agents.push(
      startCommand(['agent', '--kubeconfig', 'K', '--context', context, '--log-level', 'error'], { cwd }),
    )

  test('init says what comes next; join, how to start the agent, and when it is linked', async () => {
    assert.match(
      await good('init', '--context', 'hub', '--clusterset', 'prod'),
      /namespace\/clusterset-prod created\n[\s\S]*isthmus join --kubeconfig K --context CLUSTER --registry-context hub --cluster-id ID\n$/,
    )
    assert.match(
      await good('init', '--context', 'hub', '--clusterset', 'prod'),
      /^\nThe registry of ClusterSet prod is there already/,
    )
    const east = await good('join', '--context', 'east', '--registry-context', 'hub', '--cluster-id', 'east')
    assert.match(east, /east is a member of prod.*\n\n {2}isthmus agent --kubeconfig K --context east\n/)
    startAgent('east')
    const joining = startCommand(
      ['join', '--kubeconfig', 'K', '--context', 'west', '--registry-context', 'hub', '--cluster-id', 'west'],
      { cwd },
    )
    await joining.printed(/Waiting until it is linked with east/)
    startAgent('west')
    const { exitCode, stdout } = await joining.finished
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      / {2}east: linked both ways\n\nwest is linked with all 1 other members, both ways\.\n$/,
    )
  })

  test('members tells it from the registry, and from a member alone', async () => {
    const rows = /^ID {2}.*\neast {2}https:\S+ +v1\S+ +\S+ +Linked +1\/1\nwest .* Linked +1\/1\n$/
    assert.match(await good('members', '--registry-context', 'hub'), rows)
    assert.match(await good('members', '--context', 'east'), rows)
    const { clusterset, members } = JSON.parse(
      await good('members', '--registry-context', 'hub', '-o', 'json'),
    )
    assert.deepEqual([clusterset, members[0].links], ['prod', { west: 'connected' }])
  })

  test('init sets what becomes of lost members, in all clusters; members shows it', async () => {
    const init = ['init', '--context', 'hub', '--clusterset', 'prod']
    assert.match(
      await good(...init, '--lost-member-policy', 'gone=remove:12h'),
      /^configmap\/lost-member-policy updated\n\nThe registry of ClusterSet prod is ready/,
    )
    assert.match(await good(...init), /^\nThe registry of ClusterSet prod is there already/)
    const shown = /\n\nLost members: controlPlaneLost=keep,endpointsLost=notReady:30s,gone=remove:12h\n$/
    assert.match(await good('members', '--registry-context', 'hub'), shown)
    assert.match(await good('members', '--context', 'west'), shown)
    assert.match(await good('members', '--context', 'west', '-o', 'json'), /"policy": ".*gone=remove:12h"/)
    const down = servers[0]?.faults.add({ effect: effects.disconnect() })
    const alone = await good('members', '--context', 'west')
    down?.remove()
    assert.match(alone, /^The registry of prod cannot be asked: [\s\S]*\neast {2}https:/)
    assert.match(alone, shown)
  })

  const mistakes: { args: string; exitCode: number; says: RegExp }[] = [
    { args: 'join --context west --cluster-id west', exitCode: 64, says: /--registry-context/ },
    { args: 'join --context west --registry-context hub', exitCode: 64, says: /--cluster-id/ },
    {
      args: 'join --context west --registry-context hub --cluster-id east',
      exitCode: 78,
      says: /there are 2 reasons:\n {2}- another cluster .* member east[\s\S]*member west of prod already/,
    },
    {
      args: 'join --context west --registry-context hub --cluster-id west --server west',
      exitCode: 64,
      says: /--server west is not a URL/,
    },
    {
      args: 'join --context west --registry-context hub --cluster-id west --certificate-authority none.pem',
      exitCode: 66,
      says: /none\.pem/,
    },
    {
      args: 'join --context west --registry-context hubb --cluster-id west',
      exitCode: 78,
      says: /no context "hubb"/,
    },
    {
      args: 'init --context hub --clusterset prod --lost-member-policy gone=never',
      exitCode: 78,
      says: /policy for lost members cannot be read: gone is one of keep, notReady, remove, not "never"/,
    },
    { args: 'leave --registry-context hub', exitCode: 64, says: /which cluster is to leave/ },
    { args: 'leave --registry-context hub --context west --cluster-id west', exitCode: 64, says: /Not both/ },
    {
      args: 'leave --registry-context hub --cluster-id wst',
      exitCode: 78,
      says: /no member wst in prod; there are: east, west/,
    },
    { args: 'relink --registry-context hub --context west --accept', exitCode: 64, says: /--peer/ },
    {
      args: 'relink --registry-context hub --context west --peer north',
      exitCode: 78,
      says: /no member north/,
    },
    { args: 'members --context hub', exitCode: 78, says: /has not joined/ },
    { args: 'agent --context hub', exitCode: 78, says: /has not joined a ClusterSet[\s\S]*IDENTITY_UNKNOWN/ },
    { args: 'members --registry-context east', exitCode: 78, says: /no ClusterSet in it/ },
  ]
  for (const { args, exitCode, says } of mistakes) {
    test(`isthmus ${args}: what is wrong, and what to do`, async () => {
      const finished = await run(...args.split(' '))
      assert.match(finished.stderr, says)
      assert.equal(finished.exitCode, exitCode)
    })
  }

  test('relink issues credentials anew', async () => {
    const out = await good('relink', '--context', 'west', '--registry-context', 'hub')
    assert.match(
      out,
      /issued new credentials to east, and asked for theirs\neast did: what was issued before has ended\n\n {2}east: linked both ways\n$/,
    )
  })

  test('leave ends the agent, and says who is left', async () => {
    const out = await good('leave', '--context', 'west', '--registry-context', 'hub')
    assert.match(out, /waiting for its agent .*\n[\s\S]*\nwest has left prod\. Its members are east\.\n$/)
    assert.equal((await agents[1]?.finished)?.exitCode, 0)
    assert.match(await good('leave', '--context', 'west', '--registry-context', 'hub'), /nothing to do/)
    const last = await good('leave', '--context', 'east', '--registry-context', 'hub')
    assert.match(
      last,
      /`kubectl --kubeconfig K --context hub delete namespace\/clusterset-prod crd\/clusterprofiles\S+` removes/,
    )
    assert.equal(await good('members', '--registry-context', 'hub'), 'prod has no members.\n')
  })
})
