/** Three API servers, joined with the commands that docs/guide/real-clusters.md tells. */
import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  NAMESPACES,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type ServiceImport,
} from '@isthmus/api'
import { type ClusterClient, connect, loadCredentials } from '@isthmus/kube'
import { startApiServers } from './testing/api-servers.ts'
import { type RunningCommand, runCommand, startCommand } from './testing/run-command.ts'

const CLUSTERS = ['a', 'b', 'c']

test('install, agent and dns on three contexts of a kubeconfig', { timeout: 60_000 }, async t => {
  const cwd = await mkdtemp(join(tmpdir(), 'isthmus-join-'))
  t.after(() => rm(cwd, { recursive: true }))
  const servers = await startApiServers(CLUSTERS, join(cwd, 'K'))
  t.after(() => Promise.all(servers.map(server => server.close())))
  const at = (context: string) => ['--kubeconfig', 'K', '--context', context]

  for (const cluster of CLUSTERS) {
    const { exitCode, stderr } = await runCommand(['install', ...at(cluster)], { cwd })
    assert.equal(exitCode, 0, stderr)
  }
  const running: RunningCommand[] = CLUSTERS.map(cluster => {
    const peers = CLUSTERS.filter(other => other !== cluster).flatMap(other => [
      '--peer',
      `${other}=K#${other}`,
    ])
    return startCommand(['agent', ...at(cluster), '--cluster-id', cluster, '--clusterset', 'lab', ...peers], {
      cwd,
    })
  })
  running.push(startCommand(['dns', ...at('a'), '--listen', '127.0.0.1:0', '--log-format', 'json'], { cwd }))
  t.after(() => {
    for (const command of running) command.interrupt()
    return Promise.all(running.map(({ finished }) => finished))
  })

  const clients = CLUSTERS.map(context => connect(loadCredentials({ kubeconfig: join(cwd, 'K'), context })))
  t.after(() => Promise.all(clients.map(client => client.close())))
  const [a, b] = clients as [ClusterClient, ClusterClient]
  await Promise.all(
    clients.map(client =>
      client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }),
    ),
  )
  await exportService(b)

  const imported = await eventually(async () => {
    const found = await a.get(SERVICE_IMPORTS, 'hello', 'demo').catch(() => undefined)
    return found?.status?.conditions?.some(({ status }) => status === 'True') ? found : undefined
  })
  assert.deepEqual(imported.status?.clusters, [{ cluster: 'b' }])
  const { items } = await a.list<EndpointSlice>(ENDPOINT_SLICES, {
    labelSelector: 'multicluster.kubernetes.io/source-cluster=b',
  })
  assert.deepEqual(
    items.flatMap(({ endpoints }) => endpoints[0]?.addresses),
    ['10.12.0.5'],
  )

  const [, port = ''] = (await running.at(-1)?.printed(/"port":(\d+)/)) ?? []
  const resolver = new Resolver({ timeout: 2_000 })
  resolver.setServers([`127.0.0.1:${port}`])
  const answered = await eventually(() =>
    resolver.resolve4('hello.demo.svc.clusterset.local').catch(() => undefined),
  )
  assert.deepEqual(answered, (imported as ServiceImport).spec.ips)

  for (const command of running) {
    command.interrupt()
    const { exitCode, stderr } = await command.finished
    assert.equal(exitCode, 0, stderr)
  }
})

async function exportService(client: ClusterClient): Promise<void> {
  const metadata = { namespace: 'demo', name: 'hello' }
  await client.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ports: [{ name: 'http', port: 80 }] },
  })
  await client.create(ENDPOINT_SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'hello' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [{ addresses: ['10.12.0.5'], conditions: { ready: true } }],
  })
  await client.create(SERVICE_EXPORTS, {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata,
  })
}

/** Asks until there is an answer; the test's own time limit bounds it. */
async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await delay(20)
  }
}
