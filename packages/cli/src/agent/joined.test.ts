/** Two clusters, from nothing to linked and back, with the commands alone. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ApiServer } from '@isthmus/apiserver'
import { runCommand, startCommand } from '../testing/run-command.ts'

const CLUSTERS = ['a', 'b']

test('init, join, agent and leave need no more than contexts', { timeout: 90_000 }, async t => {
  const cwd = await mkdtemp(join(tmpdir(), 'isthmus-joined-'))
  t.after(() => rm(cwd, { recursive: true }))
  const servers = CLUSTERS.map(() => new ApiServer({ tls: true, authorization: 'RBAC' }))
  t.after(() => Promise.all(servers.map(server => server.close())))
  await Promise.all(servers.map(server => server.listen()))
  const kubeconfigs = await Promise.all(
    servers.map((server, n) => server.kubeconfig({ cluster: `${CLUSTERS[n]}` })),
  )
  const merged = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: kubeconfigs.flatMap(({ clusters }) => clusters),
    users: kubeconfigs.flatMap(({ users }) => users),
    contexts: kubeconfigs.flatMap(({ contexts }) => contexts),
  }
  await writeFile(join(cwd, 'K'), JSON.stringify(merged))
  const env = { KUBECONFIG: join(cwd, 'K') }
  const run = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await runCommand(args, { cwd, env })
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  const early = await runCommand(['agent', '--kubeconfig', 'K', '--context', 'a'], { cwd, env })
  assert.match(early.stderr, /has not joined a ClusterSet.*\[ISTHMUS_/s)

  await run('init', '--context', 'a', '--clusterset', 'prod')
  const registry = ['--registry-context', 'a']
  await run('join', '--context', 'a', ...registry, '--cluster-id', 'east', '--no-wait')
  await run('join', '--context', 'b', ...registry, '--cluster-id', 'west', '--no-wait')
  const agents = CLUSTERS.map(context =>
    startCommand(['agent', '--kubeconfig', 'K', '--context', context, '--health', 'off'], { cwd, env }),
  )
  t.after(() => {
    for (const agent of agents) agent.interrupt()
    return Promise.all(agents.map(({ finished }) => finished))
  })
  const waited = await run('join', '--context', 'b', ...registry, '--cluster-id', 'west', '--timeout', '60')
  assert.match(waited, /linked/)
  const members = await run('members', '--registry-context', 'a')
  assert.match(members, /east.*\n.*west/)

  await run('leave', '--context', 'b', ...registry, '--timeout', '60')
  const left = await agents[1]?.finished
  assert.equal(left?.exitCode, 0)
  assert.match(`${left?.stdout}${left?.stderr}`, /west leaves the ClusterSet prod: the agent stops for good/)
})
