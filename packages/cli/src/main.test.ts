import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ApiServer } from '@isthmus/apiserver'
import { parseAllDocuments } from 'yaml'
import { runCommand, startCommand } from './testing/run-command.ts'

let folder: string
/** A cluster with RBAC: `admin` may do anything, `nobody` nothing. */
let server: ApiServer
const kubeconfig = () => join(folder, 'kubeconfig')
const at = (context: string) => ['--kubeconfig', 'kubeconfig', '--context', context]
const run = (args: string[], env: Record<string, string> = {}) =>
  runCommand(args, { cwd: folder, env: { HOME: folder, ...env } })

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-cli-'))
  server = new ApiServer({ tls: true, authorization: 'RBAC' })
  await server.listen()
  const admin = await server.kubeconfig({ cluster: 'admin' })
  const nobody = await server.kubeconfig({ cluster: 'nobody', username: 'nobody', groups: ['people'] })
  const away = { name: 'away', cluster: { server: 'https://127.0.0.1:1' } }
  await writeFile(
    kubeconfig(),
    JSON.stringify({
      ...admin,
      clusters: [...admin.clusters, ...nobody.clusters, away],
      users: [...admin.users, ...nobody.users],
      contexts: [
        ...admin.contexts,
        ...nobody.contexts,
        { name: 'away', context: { cluster: 'away', user: admin.users[0]?.name } },
      ],
    }),
  )
})

after(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const JOIN = ['agent', '--cluster-id', 'a', '--clusterset', 'lab', '--health', 'off']

describe('what a person may get wrong: one sentence, the way out, a code, an exit code', () => {
  const cases: {
    name: string
    args: string[]
    exitCode: number
    says: RegExp
    setUp?: () => Promise<unknown>
  }[] = [
    {
      name: 'a command that there is not',
      args: ['instal'],
      exitCode: 64,
      says: /error: unknown command 'instal'\n\(Did you mean install\?\)/,
    },
    {
      name: 'a flag that there is not',
      args: ['up', '--cluster', 'a'],
      exitCode: 64,
      says: /unknown option '--cluster'\n\(Did you mean --clusters\?\)\nSee `isthmus up --help`\./,
    },
    {
      name: 'a number that is none',
      args: ['request', '--from', 'a', '-n', 'many', 'http://x'],
      exitCode: 64,
      says: /'many' is invalid. Give a whole number from 1 to 1000000\./,
    },
    {
      name: 'a URL that is none',
      args: ['request', '--from', 'a', 'https://x/'],
      exitCode: 64,
      says: /cannot request https:\/\/x\/: https is not supported.\nGive an http URL/,
    },
    {
      name: 'no playground that runs',
      args: ['request', '--from', 'a', 'http://x/'],
      exitCode: 69,
      says: /no playground is running from .*\.isthmus.\nStart one with `isthmus up`/,
    },
    {
      name: 'an option with two values, of which the last would count',
      args: ['leave', '--context', 'a', '--context', 'b', '--registry-context', 'hub'],
      exitCode: 64,
      says: /option '--context <name>' takes one value, and was given two: a and b\nSee `isthmus leave --help`\./,
    },
    {
      name: 'a number that is given twice',
      args: ['status', '--timeout', '1', '--timeout', '2'],
      exitCode: 64,
      says: /option '--timeout <seconds>' takes one value, and was given two: 1 and 2/,
    },
    {
      name: 'contexts one by one: both are meant',
      args: ['status', '--kubeconfig', 'nowhere', '--context', 'a', '--context', 'b,c'],
      exitCode: 66,
      says: /nowhere cannot be read/,
    },
    {
      name: 'a kubeconfig that is not there',
      args: ['install', '--kubeconfig', 'nowhere'],
      exitCode: 66,
      says: /kubeconfig .*nowhere cannot be read: there is no such file.\n.*\n\[ISTHMUS_KUBECONFIG_UNREADABLE\]/,
    },
    {
      name: 'a context that the kubeconfig has not',
      args: ['install', ...at('est')],
      exitCode: 78,
      says: /has no context "est".\nUse one of its contexts: admin, away, nobody.\n\[ISTHMUS_CONTEXT_UNKNOWN\]/,
    },
    {
      name: 'an API server that is away',
      args: ['install', ...at('away')],
      exitCode: 69,
      says: /Could not install into the cluster: the API server https:\/\/127\.0\.0\.1:1 \(context away\) cannot be reached: the connection was refused/,
    },
    {
      name: 'no permission to install',
      args: ['install', ...at('nobody')],
      exitCode: 77,
      says: /you may not get \S+ .*(\(context nobody\)).*\n.*kubectl auth can-i get \S+.*\n\[ISTHMUS_FORBIDDEN\]/,
    },
    {
      name: 'no permission to run an agent',
      args: [...JOIN, ...at('nobody')],
      exitCode: 77,
      says: /we may not list \S+ .*\nThe user nobody lacks .*`isthmus install`.*\n\[ISTHMUS_PERMISSION_MISSING\]/,
    },
    {
      name: 'a cluster without the CRDs',
      args: [...JOIN, ...at('admin')],
      exitCode: 69,
      says: /does not serve serviceexports.multicluster.x-k8s.io.*\nRun `isthmus install`/,
    },
    {
      name: 'DNS from a cluster without the CRDs',
      args: ['dns', ...at('admin'), '--listen', '127.0.0.1:0'],
      exitCode: 69,
      says: /does not serve serviceimports.multicluster.x-k8s.io.*\nRun `isthmus install`/,
    },
    {
      name: 'a cluster id that is none',
      args: ['agent', '--cluster-id', 'East', '--clusterset', 'lab', ...at('admin')],
      exitCode: 78,
      says: /error: --cluster-id: "East" is not one RFC 1123 label.* such as "east"\.\n.*\n\[ISTHMUS_CONFIG_INVALID\]/,
    },
    {
      name: 'two members with one id, and another mistake',
      args: [...JOIN, '--log-level', 'loud', ...at('admin'), '--peer', 'b=#away', '--peer', 'b=#nobody'],
      exitCode: 78,
      says: /the settings have 2 mistakes:\n {2}- --log-level: .*\n {2}- two peers have the id "b"/,
    },
    {
      name: 'a peer of an unknown context',
      args: [...JOIN, ...at('admin'), '--peer', 'b=#est'],
      exitCode: 78,
      says: /has no context "est"/,
    },
    {
      name: 'a configuration file that is not there',
      args: ['agent', '--config', 'agent.yaml'],
      exitCode: 66,
      says: /cannot read the configuration file agent.yaml: there is no such file/,
    },
    {
      name: 'a configuration file that is not YAML',
      args: ['agent', '--config', 'broken.yaml'],
      exitCode: 66,
      says: /broken.yaml: it is not YAML: /,
      setUp: () => writeFile(join(folder, 'broken.yaml'), 'a: [1\nb: }'),
    },
    {
      name: 'an unknown key in the configuration file',
      args: ['agent', '--config', 'slip.yaml'],
      exitCode: 78,
      says: /slip.yaml has no setting "clusterSet" \(did you mean clusterset\?\)/,
      setUp: () => writeFile(join(folder, 'slip.yaml'), 'clusterId: a\nclusterSet: lab'),
    },
    {
      name: 'an address that is none',
      args: ['dns', '--listen', 'localhost'],
      exitCode: 64,
      says: /--listen localhost is not an IP address with a port/,
    },
    {
      name: 'a file that cannot be written',
      args: ['apiserver', '--http', '--kubeconfig-out', 'kubeconfig/k'],
      exitCode: 73,
      says: /cannot write .*kubeconfig\/k: /,
    },
  ]
  for (const { name, args, exitCode, says, setUp } of cases) {
    test(name, async () => {
      await setUp?.()
      const result = await run(args)
      assert.match(result.stderr, says)
      assert.equal(result.exitCode, exitCode)
      assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack')
    })
  }
})

test('with --debug an error comes with a trace', async () => {
  const { stderr } = await run(['install', '--kubeconfig', 'nowhere', '--debug'])
  assert.match(stderr, /\[ISTHMUS_KUBECONFIG_UNREADABLE\]\n.*\n\s+at /)
})

test('help and versions', async () => {
  const help = await run(['--help'])
  assert.equal(help.exitCode, 0)
  assert.match(help.stdout, /Examples:\n {2}isthmus up/)
  const text = await run(['version'])
  assert.match(text.stdout, /^Client: +\d+\.\d+\.\d+\nNode: +\d+/)
  const json = JSON.parse((await run(['version', '-o', 'json'])).stdout) as Record<string, string>
  assert.deepEqual(Object.keys(json), ['client', 'node', 'platform'])
  assert.equal((await run(['--version'])).stdout.trim(), json.client)
})

test('completion knows commands, flags and choices', async () => {
  const bash = (await run(['completion', 'bash'])).stdout
  assert.match(bash, /compgen -W 'up request stop start .*install agent dns .*apiserver completion version/)
  assert.match(bash, /'agent '\*\) words='--config --cluster-id /)
  assert.match(bash, /'version --output'\) words='text json'/)
  assert.match(
    (await run(['completion', 'fish'])).stdout,
    /complete -c isthmus -n '__fish_seen_subcommand_from dns' -l ttl/,
  )
})

describe('a cluster from nothing to an agent', () => {
  test('install prints as YAML what it would make', async () => {
    const { stdout } = await run(['install', '--print', '--coredns'])
    const objects = parseAllDocuments(stdout).map(document => document.toJS() as { kind: string })
    assert.equal(objects.filter(({ kind }) => kind === 'CustomResourceDefinition').length, 8)
    assert.equal(objects.at(-1)?.kind, 'ClusterRoleBinding')
    assert.doesNotMatch(stdout, /[&*]a\d/, 'no YAML aliases')
  })

  test('a dry run makes nothing, install does, and again nothing', async () => {
    const dry = await run(['install', ...at('admin'), '--dry-run'])
    assert.match(dry.stdout, /^customresourcedefinition\/exportindexes.isthmus.dev created \(dry run\)$/m)
    const made = await run(['install', ...at('admin')])
    assert.equal(made.exitCode, 0, made.stderr)
    assert.match(made.stdout, /^role\/isthmus-reader in isthmus-exchange created$/m)
    assert.match(made.stdout, /^22 of 22 objects written.$/m)
    const again = await run(['install', ...at('admin')])
    assert.match(again.stdout, /^Nothing to do: all is as it should be.$/m)
    assert.doesNotMatch(again.stdout, / (created|updated)/)
  })

  test('the agent serves health, logs JSON and ends cleanly', async () => {
    const agent = startCommand(
      ['agent', ...JOIN.slice(1, 5), ...at('admin'), '--peer', 'b=#away', '--health', '127.0.0.1:0'],
      {
        cwd: folder,
      },
    )
    const [, url = ''] = await agent.printed(/"url":"([^"]+)"/)
    await agent.printed(/agent started/)
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    while ((await fetch(`${url}/readyz`)).status !== 200)
      await new Promise(resolve => setTimeout(resolve, 10))
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^isthmus_/m)
    agent.interrupt()
    const { exitCode, stdout } = await agent.finished
    assert.equal(exitCode, 0)
    for (const line of stdout.trim().split('\n')) assert.equal(JSON.parse(line).cluster, 'a')
  })

  test('the agent does not start where its port is in use, nor under another id', async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    t.after(() => taken.close())
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const busy = await run(['agent', ...JOIN.slice(1, 5), ...at('admin'), '--health', `127.0.0.1:${port}`])
    assert.deepEqual(
      [busy.exitCode, /ISTHMUS_\w+/.exec(busy.stderr)?.[0]],
      [69, 'ISTHMUS_HEALTH_PORT_IN_USE'],
    )
    const renamed = await run([
      'agent',
      '--cluster-id',
      'z',
      '--clusterset',
      'lab',
      '--health',
      'off',
      ...at('admin'),
    ])
    assert.deepEqual(
      [renamed.exitCode, /ISTHMUS_\w+/.exec(renamed.stderr)?.[0]],
      [78, 'ISTHMUS_CLUSTER_ID_TAKEN'],
    )
  })

  test('dns answers for the cluster and ends cleanly; a second one on its port does not start', async () => {
    const dns = startCommand(['dns', ...at('admin'), '--listen', '127.0.0.1:0', '--log-format', 'json'], {
      cwd: folder,
    })
    const [, port = ''] = await dns.printed(/"port":(\d+)/)
    await dns.printed(/all objects were read/)
    const second = await run(['dns', ...at('admin'), '--listen', `127.0.0.1:${port}`])
    assert.deepEqual(
      [second.exitCode, /ISTHMUS_\w+/.exec(second.stderr)?.[0]],
      [69, 'ISTHMUS_DNS_PORT_IN_USE'],
    )
    dns.interrupt()
    assert.equal((await dns.finished).exitCode, 0)
  })
})
