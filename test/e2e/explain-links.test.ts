/** What `isthmus explain` and `isthmus status` say of links that do not work, by what their agents remember. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { effects } from '@isthmus/apiserver'
import type { Explanation } from '@isthmus/core'
import { type ClusterClient, connect, staticCredentials } from '@isthmus/kube'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'
import { CommandFolder } from './command.ts'

/** An agent tells of a state once it has lasted: to these ones, time runs twenty times as fast. */
const SPEED = 20
const started = Date.now()
const clock = () => started + (Date.now() - started) * SPEED

let set: TestClusterSet
let folder: CommandFolder
const clients: ClusterClient[] = []

/** By reader: what it meets at east. */
const BROKEN = {
  refused: {
    says: /is \w+ since \S+: .*\(401\)/,
    command: /^isthmus relink --kubeconfig K --context refused --peer east/,
  },
  forbidden: {
    says: /is \w+ since \S+: .*\(403 for /,
    command: /^isthmus install --kubeconfig K --context east$/,
  },
  cut: {
    says: /is \w+ since \S+: its API server refuses connections/,
    command: /^kubectl --kubeconfig K --context cut run try .* curl -skm 5 http:\S+\/readyz$/,
  },
} as const
const READERS = Object.keys(BROKEN) as (keyof typeof BROKEN)[]

before(async () => {
  set = await TestClusterSet.start(['east', ...READERS])
  folder = new CommandFolder(set)
  await set.namespace('demo', 'east', ...READERS)
  await set.export('east', 'demo', 'hello', ['10.1.0.1'])
  const { server, url } = set.member('east')
  for (const [reader, code] of [
    ['refused', 401],
    ['forbidden', 403],
  ] as const) {
    server.faults.add({
      match: (_, request) => request.headers['user-agent'] === reader,
      effect: effects.refuse(code),
    })
  }
  for (const reader of READERS) {
    await until(`${reader} imports`, async () => (await set.reached(reader, 'demo', 'hello')).length > 0)
    await set.stopAgent(reader)
    const client = connect(staticCredentials({ server: reader === 'cut' ? 'http://127.0.0.1:1' : url }), {
      userAgent: reader,
    })
    clients.push(client)
    await set.startAgent(reader, {
      peers: [{ clusterId: 'east', client }],
      clock,
      lostMembers: { lookEveryMs: 100 },
    })
  }
})
after(async () => {
  await set?.stop()
  await Promise.all(clients.map(client => client.close()))
  folder?.remove()
})

for (const reader of READERS) {
  it(`a link that is ${reader} is named, with the way out`, async () => {
    const { says, command } = BROKEN[reader]
    await until(
      'the link is named',
      async () => {
        const { stdout } = await folder.run(
          ...['explain', 'hello', '-n', 'demo', '--from', reader, '-o', 'json', '--settle', '0'],
        )
        const { firstBroken } = JSON.parse(stdout) as Explanation
        assert.deepEqual(
          [firstBroken?.step, firstBroken?.cluster, firstBroken?.peer],
          ['link', reader, 'east'],
        )
        assert.equal(firstBroken?.state, 'broken')
        assert.match(firstBroken.what, says)
        assert.match(firstBroken.wayOut.command ?? '', command)
        return true
      },
      30_000,
    )
  })
}

it('status tells of each of them, and ends with 1', async () => {
  const { stdout, exitCode } = await folder.run('status')
  assert.equal(exitCode, 1)
  for (const reader of READERS) {
    assert.match(stdout, new RegExp(`^${reader} reads east +(lost|degraded|connecting) `, 'm'))
    assert.match(
      stdout,
      new RegExp(`^ {2}link of ${reader} to east: (lost|degraded|connecting) since .*: `, 'm'),
    )
  }
})
