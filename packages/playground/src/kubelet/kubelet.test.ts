import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Agent, get, request } from 'node:http'
import { Readable } from 'node:stream'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { clusterAddresses } from '../addresses/address-plan.ts'
import { type AddressClaim, claimBlock } from '../addresses/claim.ts'
import { loopbackOf } from '../addresses/loopback.ts'
import { clusterNodes } from '../cluster/nodes.ts'
import { eventually } from '../testing/eventually.ts'
import type { EchoAnswer } from './echo-answer.ts'
import { Kubelet, type PodApi } from './kubelet.ts'
import type { KubeletNode, KubeletPod, PodContainer } from './pod.ts'
import type { PodStatus } from './pod-status.ts'
import type { SchedulableNode } from './scheduler.ts'

const BACKOFF = { initialMs: 20, maximumMs: 40, resetAfterMs: 60_000 }
let claim: AddressClaim
let cluster: PodCluster

before(async () => {
  claim = await claimBlock()
})
after(() => claim.release())
beforeEach(() => {
  cluster = new PodCluster(claim.block)
})
afterEach(() => cluster.kubelet.stop())

/** Pods and nodes as an API server has them, as far as a kubelet notices. */
class PodCluster implements PodApi {
  readonly kubelet: Kubelet
  readonly pods = new Map<string, KubeletPod>()
  readonly #nodes: readonly KubeletNode[]

  constructor(block: number) {
    this.#nodes = clusterNodes('east', clusterAddresses(block, 0, 2).podCIDRs)
    this.kubelet = new Kubelet({
      cluster: 'east',
      nodes: this.#nodes,
      api: this,
      backoff: BACKOFF,
      drainMs: 50,
    })
  }

  nodes(): SchedulableNode[] {
    return this.#nodes.map(({ name }) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } }))
  }

  bind(pod: KubeletPod, nodeName: string): void {
    this.#store({ ...pod, spec: { ...pod.spec, nodeName } })
  }

  updateStatus(pod: KubeletPod, status: PodStatus): KubeletPod {
    return this.#store({ ...pod, status: { ...status } })
  }

  remove(pod: KubeletPod): void {
    const name = pod.metadata.name ?? ''
    this.pods.delete(name)
    queueMicrotask(() => this.kubelet.podChanged(`demo/${name}`, undefined))
  }

  create(name: string, container: Partial<PodContainer>, spec: Partial<KubeletPod['spec']> = {}): void {
    this.#store({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'demo', name, uid: `uid-${name}`, generation: 1 },
      spec: { containers: [{ name: 'main', image: 'any', ...container }], ...spec },
    })
  }

  delete(name: string, graceSeconds: number): void {
    const pod = this.pods.get(name) ?? assert.fail()
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: graceSeconds,
    }
    this.#store({ ...pod, metadata })
  }

  status(name: string): PodStatus {
    return (this.pods.get(name)?.status ?? assert.fail(`no status of ${name}`)) as PodStatus
  }

  condition(name: string, type: string): string | undefined {
    return this.status(name).conditions.find(condition => condition.type === type)?.status
  }

  ready(name: string): Promise<void> {
    return eventually(() => assert.equal(this.condition(name, 'Ready'), 'True'))
  }

  gone(name: string): Promise<void> {
    return eventually(() => assert.equal(this.pods.has(name), false))
  }

  async log(name: string): Promise<string> {
    const lines = Readable.from(this.kubelet.log(`demo/${name}`, 'main')?.read() ?? [])
    return (await lines.toArray()).join('')
  }

  host(name: string): string {
    return loopbackOf(this.status(name).podIP ?? assert.fail())
  }

  #store(pod: KubeletPod): KubeletPod {
    const name = pod.metadata.name ?? ''
    this.pods.set(name, pod)
    queueMicrotask(() => this.kubelet.podChanged(`demo/${name}`, this.pods.get(name)))
    return pod
  }
}

const HTTP = [{ name: 'http', containerPort: 8080 }]

async function fetchJson(
  host: string,
  path = '/',
  headers: Record<string, string> = {},
): Promise<EchoAnswer> {
  return JSON.parse(await fetchText(host, path, headers))
}

async function fetchText(host: string, path = '/', headers: Record<string, string> = {}): Promise<string> {
  const [response] = await once(get({ host, port: 8080, path, headers, agent: false }), 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

test('a pod is placed, gets an address and answers who it is and what it was asked', async () => {
  cluster.create('hello-1', { ports: HTTP })
  await cluster.ready('hello-1')
  const { podIP, phase, hostIP, containerStatuses } = cluster.status('hello-1')
  assert.equal(podIP, `10.${claim.block}.0.2`)
  assert.equal(hostIP, `10.${claim.block}.0.1`)
  assert.equal(phase, 'Running')
  assert.ok(containerStatuses?.[0]?.state.running)
  for (const type of ['Initialized', 'ContainersReady', 'PodScheduled']) {
    assert.equal(cluster.condition('hello-1', type), 'True')
  }
  const { request: asked, ...who } = await fetchJson(cluster.host('hello-1'), '/a?b=c', { 'X-Who': 'me' })
  assert.deepEqual(who, {
    cluster: 'east',
    zone: 'east-a',
    node: 'east-1',
    namespace: 'demo',
    pod: 'hello-1',
    podIP,
  })
  assert.equal(asked.method, 'GET')
  assert.equal(asked.path, '/a?b=c')
  assert.equal(asked.headers['x-who'], 'me')
  const text = await fetchText(cluster.host('hello-1'), '/', { accept: 'text/plain' })
  assert.match(text, /^cluster: east\nzone: east-a\n/)
})

test('pods are spread over the nodes, each in its own range', async () => {
  for (const name of ['a', 'b', 'c', 'd']) cluster.create(name, { ports: HTTP })
  for (const name of ['a', 'b', 'c', 'd']) await cluster.ready(name)
  const nodes = ['a', 'b', 'c', 'd'].map(name => cluster.pods.get(name)?.spec.nodeName)
  assert.deepEqual(nodes, ['east-1', 'east-2', 'east-1', 'east-2'])
  assert.match(cluster.status('b').podIP ?? '', new RegExp(`^10\\.${claim.block}\\.1\\.`))
})

test('datagrams to a UDP port come back', async t => {
  cluster.create('dns', { ports: [{ containerPort: 5353, protocol: 'UDP' }] })
  await cluster.ready('dns')
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  socket.send('hello', 5353, cluster.host('dns'))
  const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
  assert.equal(String(answer), 'hello')
})

test('a deleted pod goes on for a moment, finishes what is under way and is gone then', async t => {
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  cluster.create('hello-1', { ports: HTTP })
  await cluster.ready('hello-1')
  const host = cluster.host('hello-1')
  const slow = request({ host, port: 8080, method: 'POST', agent })
  const answered = once(slow, 'response')
  slow.write('begin')
  await once((await once(slow, 'socket'))[0], 'connect')
  cluster.delete('hello-1', 30)
  assert.equal((await fetchJson(host)).pod, 'hello-1')
  assert.equal(cluster.condition('hello-1', 'Ready'), 'True')
  await eventually(() => assert.rejects(fetchJson(host), { code: 'ECONNREFUSED' }))
  assert.ok(cluster.pods.has('hello-1'))
  slow.end('end')
  const [response] = await answered
  assert.equal(response.headers.connection, 'close')
  response.resume()
  await cluster.gone('hello-1')
})

test('a pod that is deleted without grace is gone at once, whatever is under way', async () => {
  cluster.create('hello-1', { ports: HTTP })
  await cluster.ready('hello-1')
  const slow = request({ host: cluster.host('hello-1'), port: 8080, method: 'POST', agent: false })
  slow.write('begin')
  await once((await once(slow, 'socket'))[0], 'connect')
  const broken = once(slow, 'error')
  cluster.delete('hello-1', 0)
  await cluster.gone('hello-1')
  assert.equal((await broken)[0].code, 'ECONNRESET')
})

test('a pod whose address is in use says so and starts when it is free', async t => {
  const squatter = createSocket('udp4').bind(5353, `127.${claim.block}.0.2`)
  await once(squatter, 'listening')
  t.after(() => squatter.close(() => {}))
  cluster.create('dns', { ports: [{ containerPort: 5353, protocol: 'UDP' }] })
  await eventually(() => {
    const state = cluster.status('dns').containerStatuses?.[0]?.state
    assert.match(state?.waiting?.message ?? '', /EADDRINUSE/)
  })
  assert.equal(cluster.condition('dns', 'Ready'), 'False')
  assert.equal(cluster.status('dns').phase, 'Pending')
  cluster.delete('dns', 0)
  await cluster.gone('dns')
})

const SERVER = `require('http').createServer((q, s) => s.end(JSON.stringify({ env: process.env, pid: process.pid }))).listen(process.env.PORT, process.env.HOST, () => console.log('listening'))`

test('a command is told where to listen, is ready when it does, and ends with the pod', async () => {
  cluster.create('app', {
    command: [process.execPath, '-e', SERVER],
    ports: [{ name: 'web-ui', containerPort: 8080 }],
    env: [
      { name: 'GREETING', value: 'I am $(POD_NAME)' },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
  })
  await cluster.ready('app')
  const { env, pid } = JSON.parse(await fetchText(cluster.host('app')))
  assert.equal(env.HOST, cluster.host('app'))
  assert.equal(env.PORT_WEB_UI, '8080')
  assert.equal(env.GREETING, 'I am app')
  assert.equal(env.NODE, 'east-1')
  assert.equal(env.npm_config_registry, undefined)
  assert.equal(await cluster.log('app'), 'listening\n')
  cluster.delete('app', 30)
  await cluster.gone('app')
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

test('a command that does not end on SIGTERM is killed, with what it started, when the grace is over', async () => {
  const stubborn = `process.on('SIGTERM', () => {}); const child = require('child_process').spawn('sleep', ['1000']); console.log(child.pid); setInterval(() => {}, 1000)`
  cluster.create('app', { command: [process.execPath, '-e', stubborn] })
  const pid = await eventually(async () => Number(await cluster.log('app')) || assert.fail())
  cluster.delete('app', 1)
  await cluster.gone('app')
  // Its parent is dead, so that it is reaped by init, in its own time.
  await eventually(() => assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }))
})

test('a command that ends is started again, later each time, and not when it is not to be', async () => {
  cluster.create('crash', { command: ['false'] })
  cluster.create('missing', { command: ['no-such-program'] })
  cluster.create('once', { command: ['true'] }, { restartPolicy: 'OnFailure' })
  cluster.create('failed', { command: ['false'] }, { restartPolicy: 'Never' })
  await eventually(() => {
    const crash = cluster.status('crash').containerStatuses?.[0]
    assert.equal(crash?.state.waiting?.reason, 'CrashLoopBackOff')
    assert.equal(crash?.lastState.terminated?.exitCode, 1)
    assert.ok((crash?.restartCount ?? 0) >= 2)
    assert.equal(cluster.status('missing').containerStatuses?.[0]?.lastState.terminated?.reason, 'StartError')
    assert.equal(cluster.status('once').phase, 'Succeeded')
    assert.equal(cluster.status('failed').phase, 'Failed')
  })
})

test('stopping leaves no listener and no process, and the pods as they were', async () => {
  cluster.create('hello', { ports: HTTP })
  cluster.create('app', { command: [process.execPath, '-e', SERVER], ports: HTTP })
  await cluster.ready('hello')
  await cluster.ready('app')
  const { pid } = JSON.parse(await fetchText(cluster.host('app')))
  await cluster.kubelet.stop()
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  await assert.rejects(fetchJson(cluster.host('hello')), { code: 'ECONNREFUSED' })
  assert.equal(cluster.condition('hello', 'Ready'), 'True')
})
