/** What `isthmus explain` and `isthmus status` say of clusters with agents in which one thing is broken at a time. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  NAMESPACES,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { effects, type FaultMatch } from '@isthmus/apiserver'
import { derivedServiceName, type Explanation } from '@isthmus/core'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'
import { CommandFolder } from './command.ts'

const ADDRESS = '10.1.0.1'

let set: TestClusterSet
let folder: CommandFolder

before(async () => {
  set = await TestClusterSet.start(['east', 'west'])
  folder = new CommandFolder(set)
  await set.namespace('demo', 'east', 'west')
  await set.export('east', 'demo', 'hello', [ADDRESS])
  await isWell()
})
after(async () => {
  await set?.stop()
  folder?.remove()
})

const east = () => set.member('east').client
const west = () => set.member('west').client

async function explain(service = 'hello', ...flags: string[]): Promise<Explanation & { exitCode: number }> {
  const { stdout, stderr, exitCode } = await folder.run(
    'explain',
    service,
    '-n',
    'demo',
    '-o',
    'json',
    '--settle',
    '0',
    ...flags,
  )
  assert.equal(stderr, '')
  return { ...(JSON.parse(stdout) as Explanation), exitCode }
}

/** Until nothing is broken: what was broken has been put right, and told so. */
async function isWell(service = 'hello'): Promise<void> {
  await until(
    `nothing is broken about ${service}`,
    async () => {
      const { works, firstBroken } = await explain(service)
      assert.equal(works, true, JSON.stringify(firstBroken))
      return true
    },
    30_000,
  )
}

/** With the agent of a cluster away; afterwards all is put right again. */
async function withoutAgent(id: string, service: string, use: () => Promise<void>): Promise<void> {
  await set.stopAgent(id)
  try {
    await use()
  } finally {
    await set.startAgent(id)
  }
  await isWell(service)
}

/** What agents ask of an API server, and the command does not. */
const byAgents =
  (match: (attributes: { verb: string; resource: string; namespace: string }) => boolean): FaultMatch =>
  (attributes, request) =>
    request.headers['user-agent'] === 'isthmus' && match(attributes as never)

async function assertBroken(
  service: string,
  step: string,
  cluster: string,
  says: RegExp,
  command: RegExp,
  timeoutMs = 10_000,
): Promise<void> {
  await until(
    `${step} of ${cluster} is named`,
    async () => {
      const { firstBroken, exitCode } = await explain(service, '--from', 'west')
      assert.deepEqual(
        [firstBroken?.step, firstBroken?.cluster],
        [step, cluster],
        JSON.stringify(firstBroken),
      )
      assert.equal(exitCode, 1)
      assert.equal(firstBroken?.state, 'broken')
      assert.match(firstBroken.what, says)
      assert.match(firstBroken.wayOut.command ?? '', command)
      return true
    },
    timeoutMs,
  )
}

describe('isthmus explain', { concurrency: false }, () => {
  it('finds nothing where all is well, says what it does not know, and ends with 0', async () => {
    const { exitCode, sections } = await explain()
    assert.equal(exitCode, 0)
    const findings = sections.flatMap(section => section.findings)
    const notOk = findings.filter(({ state }) => state !== 'ok').map(({ step, state }) => `${step} ${state}`)
    assert.deepEqual(notOk, ['dns unknown', 'connect unknown', 'dns unknown', 'connect unknown'])
  })

  it('prints a tree, without colours where there is no terminal', async () => {
    const { stdout, exitCode } = await folder.run('explain', 'hello', '-n', 'demo', '--from', 'west')
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      /^demo\/hello, called as hello\.demo\.svc\.clusterset\.local\n\nexport from east\n {2}✓ Service/,
    )
    assert.match(stdout, /\n {2}✓ slices of east +1 of 1 endpoint ready\n/)
    assert.match(stdout, /\n✓ nothing is broken; 2 steps are not known\n$/)
    assert.ok(!stdout.includes('\x1b'))
  })

  it('names a Service that there is not, and then the ServiceExport that is missing', async () => {
    await assertBroken(
      'nobody',
      'service',
      'east',
      /nor in any other member/,
      /get services --all-namespaces/,
    )
    await east().create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'demo', name: 'alone' },
      spec: { ports: [{ port: 80 }] },
    })
    await assertBroken(
      'alone',
      'service-export',
      'east',
      /no ServiceExport demo\/alone/,
      /kubectl --kubeconfig K --context east apply/,
    )
  })

  it('names a Service that cannot be exported', async () => {
    await east().create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'demo', name: 'elsewhere' },
      spec: { type: 'ExternalName', externalName: 'example.org' },
    })
    await east().create(SERVICE_EXPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: { namespace: 'demo', name: 'elsewhere' },
    })
    await assertBroken(
      'elsewhere',
      'service',
      'east',
      /ExternalName cannot be exported/,
      /get service elsewhere/,
    )
  })

  it('names endpoints that are not ready', async () => {
    await set.export('east', 'demo', 'unready', [ADDRESS])
    const slice = await east().get(ENDPOINT_SLICES, 'unready-1', 'demo')
    const endpoints = slice.endpoints.map(endpoint => ({ ...endpoint, conditions: { ready: false } }))
    await east().update(ENDPOINT_SLICES, { ...slice, endpoints })
    await assertBroken(
      'unready',
      'endpoints',
      'east',
      /has 0 of 1 endpoint ready in east/,
      /get endpointslices/,
    )
  })

  it('names endpoints that every member refuses', async () => {
    await set.export('east', 'demo', 'forged', [ADDRESS])
    await isWell('forged')
    // The agent of east would mend its record: it has to be away.
    await withoutAgent('east', 'forged', async () => {
      const { items } = await east().list(EXPORTED_ENDPOINTS, { namespace: EXCHANGE_NAMESPACE })
      const chunk = items.find(({ spec }) => spec.service.name === 'forged') ?? assert.fail()
      const endpoints = [{ addresses: ['127.0.0.1'], ready: true, serving: true, terminating: false }]
      await east().update(EXPORTED_ENDPOINTS, { ...chunk, spec: { ...chunk.spec, endpoints } })
      const { sections, firstBroken } = await explain('forged', '--from', 'west')
      assert.equal(firstBroken?.step, 'agent')
      const refusals = sections.flatMap(({ findings }) => findings).find(({ step }) => step === 'refusals')
      assert.equal(refusals?.state, 'broken')
      assert.match(refusals.what, /endpoint: address "127\.0\.0\.1" is a loopback address/)
    })
  })

  it('names an agent that was stopped, and what it did not publish', async () => {
    await withoutAgent('east', 'late', async () => {
      await set.export('east', 'demo', 'late', [ADDRESS])
      await assertBroken(
        'late',
        'agent',
        'east',
        /agent of east does not run: stopped/,
        /^isthmus agent --kubeconfig K --context east$/,
      )
      const { sections } = await explain('late', '--from', 'west')
      const broken = sections.flatMap(({ findings }) => findings).filter(({ state }) => state === 'broken')
      assert.deepEqual(
        broken.map(({ step, cluster }) => `${cluster} ${step}`),
        ['east agent', 'east record', 'east index'],
      )
    })
  })

  it('names an index that is missing', async () => {
    const fault = set.member('east').server.faults.add({
      match: byAgents(({ verb, resource }) => verb === 'create' && resource === 'exportindexes'),
      effect: effects.refuse(403),
    })
    await east().delete(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
    await assertBroken(
      'hello',
      'index',
      'east',
      /no ExportIndex in the exchange of east/,
      /get exportindexes/,
    )
    fault.remove()
    await isWell()
  })

  it('names a namespace that is missing', async () => {
    await set.namespace('apart', 'east')
    await set.export('east', 'apart', 'hello', [ADDRESS])
    const { stdout, exitCode } = await folder.run(
      'explain',
      'hello',
      '-n',
      'apart',
      '--from',
      'west',
      '--settle',
      '0',
    )
    assert.equal(exitCode, 1)
    assert.match(stdout, /✗ first broken step: namespace, in west\n/)
    assert.match(stdout, /\n {4}kubectl --kubeconfig K --context west create namespace apart\n$/)
  })

  it("names a user's Service where the derived one has to be", async () => {
    const name = derivedServiceName('demo', 'taken')
    await west().create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'demo', name },
      spec: { ports: [{ port: 1 }] },
    })
    await set.export('east', 'demo', 'taken', [ADDRESS])
    await assertBroken(
      'taken',
      'names',
      'west',
      /that Isthmus did not make/,
      new RegExp(`get service ${name} -o yaml`),
    )
    await west().delete(SERVICES, name, 'demo')
    await isWell('taken')
  })

  for (const [what, message, command] of [
    [
      'a quota',
      'exceeded quota: few, requested: services=1, used: services=1, limited: services=1',
      /describe resourcequotas/,
    ],
    [
      'its permissions',
      'User "isthmus" cannot create resource "services" in API group ""',
      /isthmus install/,
    ],
  ] as const) {
    it(`names a derived Service that ${what} does not allow`, async () => {
      const name = what === 'a quota' ? 'quota' : 'forbidden'
      const fault = set.member('west').server.faults.add({
        match: byAgents(({ verb, resource }) => verb === 'create' && resource === 'services'),
        effect: effects.refuse(403, { message: `services is forbidden: ${message}` }),
      })
      await set.export('east', 'demo', name, [ADDRESS])
      await assertBroken(
        name,
        'derived-service',
        'west',
        /is not there in west: (services is forbidden|we may not create services)/,
        command,
      )
      fault.remove()
    })
  }

  it('names objects that were edited while the agent is away', async () => {
    await withoutAgent('west', 'hello', async () => {
      const { items } = await west().list(ENDPOINT_SLICES, {
        namespace: 'demo',
        labelSelector: 'multicluster.kubernetes.io/service-name=hello',
      })
      const slice = items[0] ?? assert.fail()
      await west().update(ENDPOINT_SLICES, { ...slice, endpoints: [] })
      const { sections, firstBroken } = await explain('hello', '--from', 'west')
      assert.equal(firstBroken?.step, 'agent')
      const broken = sections.flatMap(({ findings }) => findings).filter(({ state }) => state === 'broken')
      assert.deepEqual(
        broken.map(({ step, cluster }) => `${cluster} ${step}`),
        ['west agent', 'west slices'],
      )
    })
  })

  it('names families that the importing cluster has not', async () => {
    const other = await TestClusterSet.start(['east', 'west'], { west: ['fd00:91::/112'] })
    const away = new CommandFolder(other)
    try {
      await other.namespace('demo', 'east', 'west')
      await other.export('east', 'demo', 'hello', [ADDRESS])
      await until('the families are named', async () => {
        const { stdout } = await away.run('explain', 'hello', '-n', 'demo', '--from', 'west', '--settle', '0')
        assert.match(stdout, /✗ first broken step: derived Service, in west\n/)
        assert.match(stdout, /exported for IPv4, which Services of west do not have/)
        return true
      })
    } finally {
      away.remove()
      await other.stop()
    }
  })

  it('names a DNS server that does not run', async () => {
    const { firstBroken } = await explain('hello', '--from', 'west', '--dns', 'west=127.0.0.1:1')
    assert.equal(firstBroken?.step, 'dns')
    assert.match(
      firstBroken.state === 'broken' ? firstBroken.what : '',
      /127\.0\.0\.1:1, does not know .*: nothing listens there/,
    )
  })

  it('tells what is wrong with what it is asked', async () => {
    const { exitCode, stderr } = await folder.run('explain', 'hello', '-n', 'demo', '--from', 'south')
    assert.equal(exitCode, 64)
    assert.match(stderr, /leads to no member south; known are: east, west/)
    const name = await folder.run('explain', 'demo/hello', '-n', 'demo')
    assert.match(name.stderr, /service demo\/hello is not a name of lower-case letters/)
    const bad = await folder.run('explain', 'hello', '-n', 'demo', '--dns', 'here')
    assert.match(bad.stderr, /--dns here is not an IP address with a port/)
  })

  it('names what was deleted while nobody looks after it', async () => {
    await withoutAgent('west', 'hello', async () => {
      await west().delete(SERVICE_IMPORTS, 'hello', 'demo')
      const { sections } = await explain('hello', '--from', 'west')
      const broken = sections.flatMap(({ findings }) => findings).filter(({ state }) => state === 'broken')
      assert.deepEqual(
        broken.map(({ step, cluster }) => `${cluster} ${step}`),
        ['west agent', 'west service-import'],
      )
    })
  })

  it('names a member that cannot be reached', async () => {
    await east().delete(NAMESPACES, 'apart')
    const away = new CommandFolder(set, { east: 'http://127.0.0.1:1' })
    const { stdout, exitCode } = await away.run(
      'explain',
      'hello',
      '-n',
      'demo',
      '--from',
      'west',
      '--settle',
      '0',
    )
    away.remove()
    assert.equal(exitCode, 1)
    assert.match(
      stdout,
      /✗ context +context east \(http:\/\/127\.0\.0\.1:1\) cannot be asked: the connection was refused/,
    )
    assert.match(stdout, /of the members, east was not seen/)
  })
})
