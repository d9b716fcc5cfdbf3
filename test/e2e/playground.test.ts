/** What `npm start` promises, done as a person would do it: kubectl, DNS packets, HTTP through the ClusterSetIP. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { askPlayground, type EchoAnswer, Playground, type PlaygroundSnapshot } from '@isthmus/playground'
import { run } from '../fixtures/kubectl.ts'
import { until } from '../fixtures/until.ts'
import { addressesOf, askOverTcp, askOverUdp } from './dns-question.ts'

const NAMES = ['east', 'west', 'north'] as const
const HELLO = 'hello.demo.svc.clusterset.local'
const PORT = 8080
const EXPORT = `{"apiVersion":"multicluster.x-k8s.io/v1beta1","kind":"ServiceExport","metadata":{"namespace":"demo","name":"hello"}}`

let home: string
let playground: Playground
/** Of each cluster: what `hello` resolves to there. */
const ips = new Map<string, string>()

before(async () => {
  home = join(mkdtempSync(join(tmpdir(), 'isthmus-e2e-')), 'home')
  playground = await Playground.start({ clusters: NAMES, home })
})
after(async () => {
  await playground?.stop()
  rmSync(join(home, '..'), { recursive: true, force: true })
})

async function kubectl(context: string, args: readonly string[], input?: string): Promise<string> {
  const { kubeconfig } = playground.state
  const { code, stdout, stderr } = await run(
    'kubectl',
    ['--kubeconfig', kubeconfig, '--context', context, ...args],
    input === undefined ? {} : { input },
  )
  assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** One request on a connection of its own. */
function call(cluster: string): Promise<EchoAnswer> {
  return new Promise((resolve, reject) => {
    const host = ips.get(cluster) ?? assert.fail(`no address in ${cluster}`)
    const request = get({ host, port: PORT, agent: false, timeout: 5000 }, async response => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve(JSON.parse(text))
    })
    request.once('timeout', () => request.destroy(new Error('no answer')))
    request.once('error', reject)
  })
}

/** How often each pod answered. */
async function spread(cluster: string, connections: number, atATime = 50): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let left = connections; left > 0; left -= atATime) {
    const answers = await Promise.all(Array.from({ length: Math.min(left, atATime) }, () => call(cluster)))
    for (const { cluster: from, pod } of answers) {
      const key = `${from}/${pod}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  return counts
}

/** Rejects with the first request that fails; answers how many there were. */
async function callAllTheTime(cluster: string, signal: AbortSignal): Promise<number> {
  let calls = 0
  for (; !signal.aborted; calls++) await call(cluster)
  return calls
}

async function podsOf(cluster: string): Promise<string[]> {
  const names = await kubectl(cluster, ['get', 'pods', '-n', 'demo', '-o', 'name'])
  return names.split('\n').filter(Boolean)
}

/** In every cluster so many pods of each exporting cluster answer, and no others. */
async function answering(expected: Readonly<Record<string, number>>, withinMs?: number): Promise<void> {
  const total = Object.values(expected).reduce((sum, count) => sum + count, 0)
  const running = playground.clusters.filter(({ state }) => state === 'running')
  const eachAnswers = async (cluster: string) => {
    const counts: Record<string, number> = {}
    for (const pod of (await spread(cluster, 2 * total)).keys()) {
      const from = pod.split('/')[0] ?? ''
      counts[from] = (counts[from] ?? 0) + 1
    }
    assert.deepEqual(counts, expected)
    return true
  }
  await Promise.all(
    running.map(({ name }) => until(`these pods answer in ${name}`, () => eachAnswers(name), withinMs)),
  )
}

test('kubectl shows the import in every cluster, each with an address of its own', async () => {
  for (const name of NAMES) {
    const table = await kubectl(name, ['get', 'serviceimports', '-A'])
    const [, ip] = /^demo +hello +ClusterSetIP +\["(127\.[\d.]+)"\]/m.exec(table) ?? assert.fail(table)
    ips.set(name, ip ?? '')
  }
  assert.equal(new Set(ips.values()).size, NAMES.length)
  assert.match(
    await kubectl('east', ['get', 'pods', '-n', 'demo', '-o', 'wide']),
    /Running .*10\.\d+\.\d+\.\d+ +east-1/,
  )
})

test('DNS answers with that address, over UDP and TCP', async () => {
  for (const { name, dns } of playground.state.clusters) {
    for (const ask of [askOverUdp, askOverTcp]) {
      const answer = await ask(dns, HELLO, 'A')
      assert.equal(answer.flag_aa, true)
      assert.deepEqual(addressesOf(answer), [ips.get(name)])
      assert.equal((await ask(dns, `missing.demo.svc.clusterset.local`, 'A')).rcode, 'NXDOMAIN')
    }
  }
})

test('1,000 new connections from every cluster are spread evenly over all pods', async () => {
  for (const name of NAMES) {
    const counts = await spread(name, 1000)
    assert.equal(counts.size, 4)
    const even = 1000 / counts.size
    const deviation = Math.sqrt(even * (1 - 1 / counts.size))
    for (const [pod, count] of counts) {
      assert.ok(Math.abs(count - even) <= 5 * deviation, `${pod} answered ${count} of 1,000 from ${name}`)
    }
  }
})

test('a deployment that is scaled is seen everywhere, and no request is lost by it', async () => {
  const scaled = new AbortController()
  const meanwhile = callAllTheTime('north', scaled.signal)
  await kubectl('east', ['scale', 'deployment/hello', '-n', 'demo', '--replicas=3'])
  await answering({ east: 3, west: 2 })
  await kubectl('east', ['scale', 'deployment/hello', '-n', 'demo', '--replicas=1'])
  await answering({ east: 1, west: 2 })
  await until('one pod is left in east', async () => (await podsOf('east')).length === 1)
  scaled.abort()
  assert.ok((await meanwhile) > 0)
})

test('an export that is deleted is over within a second everywhere, and back when it is made again', async () => {
  await kubectl('west', ['delete', 'serviceexport', 'hello', '-n', 'demo'])
  await answering({ east: 1 }, 1000)
  await kubectl('west', ['apply', '-f', '-'], EXPORT)
  await answering({ east: 1, west: 2 })
})

test('a cluster that is stopped is silent, the others go on, and it comes back with what it had', async () => {
  const api = playground.state.clusters.find(({ name }) => name === 'west')?.server ?? ''
  await askPlayground({ command: 'stop', cluster: 'west' }, home)
  const stopped = await run('kubectl', ['--server', api, 'version'])
  assert.notEqual(stopped.code, 0)
  const snapshot = (await askPlayground({ command: 'snapshot' }, home)) as PlaygroundSnapshot
  assert.deepEqual(
    snapshot.clusters.map(({ name, state }) => `${name} ${state}`),
    ['east running', 'west stopped', 'north running'],
  )
  for (const name of ['east', 'north']) {
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => call(name)))
    const answers = results.flatMap(result => (result.status === 'fulfilled' ? result.value.cluster : []))
    assert.ok(answers.length > 0)
    assert.ok(answers.every(cluster => cluster === 'east'))
    assert.deepEqual(addressesOf(await askOverUdp(dnsOf(name), HELLO, 'A')), [ips.get(name)])
  }
  await until('east has lost west', () => linkOf('east', 'west') !== 'connected')

  await askPlayground({ command: 'start', cluster: 'west' }, home)
  assert.match(await kubectl('west', ['get', 'deployment', 'hello', '-n', 'demo']), /2\/2/)
  await answering({ east: 1, west: 2 })
  await until('east follows west', () => linkOf('east', 'west') === 'connected')
})

test('a snapshot says who is a member, what is imported from where, and why something is not ready', async () => {
  const changed = new Promise<void>(resolve => {
    const end = playground.subscribe(() => {
      end()
      resolve()
    })
  })
  const namespace = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"empty"}}'
  await kubectl('north', ['apply', '-f', '-'], `${namespace}\n---\n${EXPORT.replace('"demo"', '"empty"')}`)
  await changed
  const north = await until('the export without a Service is shown as invalid', () => {
    const found = playground.snapshot().clusters.find(({ name }) => name === 'north')
    return found?.exports.some(({ key, valid }) => key === 'empty/hello' && !valid) && found
  })
  assert.equal(north.ready, true, north.reasons.join('; '))
  const hello = north.imports.find(({ key }) => key === 'demo/hello') ?? assert.fail()
  assert.deepEqual(hello.endpoints, [
    { cluster: 'east', ready: 1, total: 1 },
    { cluster: 'west', ready: 2, total: 2 },
  ])
  assert.deepEqual(north.links.map(({ clusterId, state }) => `${clusterId} ${state}`).sort(), [
    'east connected',
    'west connected',
  ])
})

test('afterwards nothing is left: no listener, no connection, no process, no file', async () => {
  const block = ips.get('east')?.split('.')[1] ?? assert.fail()
  await playground.stop()
  assert.equal(existsSync(home), false)
  // The test runner talks to its parent over a pipe, which stays.
  const held = ['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'UDPWrap', 'ProcessWrap', 'PipeServerWrap']
  await until('no handle is left', () => !process.getActiveResourcesInfo().some(one => held.includes(one)))
  assert.deepEqual(listenersIn(Number(block)), [])
})

function dnsOf(cluster: string) {
  return playground.state.clusters.find(({ name }) => name === cluster)?.dns ?? assert.fail()
}

function linkOf(from: string, to: string): string | undefined {
  const { clusters } = playground.snapshot()
  return clusters.find(({ name }) => name === from)?.links.find(({ clusterId }) => clusterId === to)?.state
}

/** Addresses of 127.<block>.0.0/16 that anything listens on, as Linux lists them: little-endian hex. */
function listenersIn(block: number): string[] {
  const end = `${block.toString(16).padStart(2, '0')}7f`.toUpperCase()
  return ['tcp', 'udp'].flatMap(protocol =>
    readFileSync(`/proc/net/${protocol}`, 'utf8')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .filter(
        ([, local = '', , state]) => local.slice(4, 8) === end && (state === '0A' || protocol === 'udp'),
      )
      .map(([, local]) => `${protocol} ${local}`),
  )
}
