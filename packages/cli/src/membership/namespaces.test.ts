/** Namespaces other than the usual ones are said once, when a cluster joins. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requestToken } from '@isthmus/agent'
import { connect, loadCredentials } from '@isthmus/kube'
import { startApiServers } from '../testing/api-servers.ts'
import { runCommand, startCommand } from '../testing/run-command.ts'

test('every command finds the namespaces that the cluster notes', { timeout: 60_000 }, async t => {
  const cwd = await mkdtemp(join(tmpdir(), 'isthmus-namespaces-'))
  t.after(() => rm(cwd, { recursive: true }))
  const servers = await startApiServers(['hub', 'east', 'west'], join(cwd, 'K'))
  t.after(() => Promise.all(servers.map(server => server.close())))
  const run = (line: string) => runCommand([...line.split(' '), '--kubeconfig', 'K'], { cwd })
  const good = async (line: string) => {
    const { exitCode, stdout, stderr } = await run(line)
    assert.equal(exitCode, 0, `${line}: ${stdout}${stderr}`)
    return stdout
  }
  await good('init --context hub --clusterset prod')
  const other = '--agent-namespace mesh --exchange-namespace mesh-exchange'
  await good(`join --context east --registry-context hub --cluster-id east ${other}`)
  await good('join --context west --registry-context hub --cluster-id west --no-wait')
  await addAccount(join(cwd, 'K'), 'east', 'mesh')
  const start = (context: string) =>
    startCommand(['agent', '--kubeconfig', 'K', '--context', context, '--log-level', 'error'], { cwd })
  const agents = ['east-account', 'west'].map(start)
  t.after(() => {
    for (const agent of agents) agent.interrupt()
    return Promise.all(agents.map(agent => agent.finished))
  })

  // Again, also with another address, and without a word of the namespaces.
  const again = await good('join --context east --registry-context hub --cluster-id east')
  assert.match(again, /east is linked with all 1 other members/)
  assert.match(await good('install --context east'), /Nothing to do/)
  const moved = await run(
    'join --context east --registry-context hub --cluster-id east --agent-namespace else',
  )
  assert.match(moved.stderr, /a member with the namespaces mesh and mesh-exchange[\s\S]*JOIN_REFUSED/)

  assert.match(await good('members --context east'), /\neast .* Linked +1\/1\n/)
  const overview = JSON.parse((await run('status -o json --context east --context west')).stdout)
  assert.deepEqual(
    overview.members.map((row: { cluster: string; agent: string }) => [row.cluster, row.agent]),
    [
      ['east', 'runs'],
      ['west', 'runs'],
    ],
  )
  const wrong = await run('status --context east --agent-namespace else --exchange-namespace else')
  assert.match(wrong.stdout, /the agent of east: /)
  const explained = await run('explain hello -n demo --context east,west --settle 0')
  assert.doesNotMatch(explained.stdout, /agent of east/)
  assert.match(
    await good('relink --context east --registry-context hub'),
    /issued new credentials to west[\s\S]*west did[\s\S]*west: linked both ways/,
  )

  // An agent that does not run issues nothing: what was stolen works there for as long.
  agents[1]?.interrupt()
  await agents[1]?.finished
  const unanswered = await run('relink --context east --registry-context hub --timeout 1')
  assert.match(unanswered.stderr, /west did not issue a new credential to east yet[\s\S]*reader=east/)
  assert.equal(unanswered.exitCode, 69)
  agents.push(start('west'))

  assert.match(
    await good('leave --context east --registry-context hub'),
    /waiting for its agent[\s\S]*east has left prod/,
  )
  assert.equal((await agents[0]?.finished)?.exitCode, 0)
  const left = servers[1]?.storage.contents().resources.flatMap(({ objects }) => objects) ?? []
  assert.doesNotMatch(JSON.stringify(left), /mesh/)
})

/** A context with the agent's own account, which may do no more than it was installed with. */
async function addAccount(file: string, context: string, namespace: string): Promise<void> {
  const client = connect(loadCredentials({ kubeconfig: file, context }))
  const { token } = await requestToken(client, namespace, 'isthmus-agent')
  await client.close()
  const kubeconfig = JSON.parse(await readFile(file, 'utf8'))
  const found = kubeconfig.contexts.find(({ name }: { name: string }) => name === context)
  const name = `${context}-account`
  kubeconfig.contexts.push({ name, context: { ...found.context, user: name } })
  kubeconfig.users.push({ name, user: { token } })
  await writeFile(file, JSON.stringify(kubeconfig))
}
