/** The DNS server over an API server: what is watched, and what happens while that is away. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { installInto } from '@isthmus/agent'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  NAMESPACES,
  SERVICE_IMPORTS,
  type ServiceImport,
} from '@isthmus/api'
import { ApiServer } from '@isthmus/apiserver'
import { DnsServer } from '@isthmus/dns'
import { type ClusterClient, connect, staticCredentials } from '@isthmus/kube'
import { askOverUdp, type DnsServerAddress } from '../e2e/dns-question.ts'
import { until } from '../fixtures/until.ts'

const NAME = 'db.demo.svc.clusterset.local'

const serviceImport: ServiceImport = {
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: { namespace: 'demo', name: 'db' },
  spec: { type: 'Headless', ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }] },
}

function slice(...addresses: string[]): EndpointSlice {
  const labels = {
    'multicluster.kubernetes.io/service-name': 'db',
    'multicluster.kubernetes.io/source-cluster': 'east',
  }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'demo', name: 'db-east', labels },
    addressType: 'IPv4',
    ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }],
    endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  assert.ok(typeof address === 'object' && address)
  return address.port
}

describe('the names of a cluster', { timeout: 30_000 }, () => {
  const api = new ApiServer()
  let client: ClusterClient
  let dns: DnsServer
  let server: DnsServerAddress
  const rcode = async (name: string) => (await askOverUdp(server, name, 'A')).rcode
  const addresses = async (name: string) => {
    const { answers = [] } = await askOverUdp(server, name, 'A')
    return answers.map(answer => (answer.type === 'A' ? answer.data : answer.type)).sort()
  }

  before(async () => {
    const port = await freePort()
    client = connect(staticCredentials({ server: `http://127.0.0.1:${port}` }))
    // The time stands still: the serial counts changes.
    dns = new DnsServer({ client, now: () => 1_000_000 })
    server = await dns.listen({ port: 0 })
    assert.equal(await rcode(NAME), 'SERVFAIL')
    await api.listen({ port })
    await installInto(client)
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } })
    await dns.whenSynced()
  })
  after(async () => {
    await dns.close()
    await client.close()
    await api.close()
  })

  it('are there with the namespace, the import and the slices, and follow them', async () => {
    await until('the namespace', async () => (await rcode('demo.svc.clusterset.local')) === 'NOERROR')
    assert.equal(await rcode(NAME), 'NXDOMAIN')
    await client.create(SERVICE_IMPORTS, serviceImport)
    const { metadata } = await client.create(ENDPOINT_SLICES, slice('192.0.2.1'))
    await until('the first address', async () => (await addresses(NAME)).join() === '192.0.2.1')
    assert.deepEqual(await addresses(`192-0-2-1.east.${NAME}`), ['192.0.2.1'])
    await client.update(ENDPOINT_SLICES, { ...slice('192.0.2.2', '192.0.2.3'), metadata })
    await until('the next', async () => (await addresses(NAME)).join() === '192.0.2.2,192.0.2.3')
    assert.equal(await rcode(`192-0-2-1.east.${NAME}`), 'NXDOMAIN')
  })

  it('change, and the serial with them, only when what they are made of changes', async () => {
    const { serial } = dns
    const labels = { 'example.test/owner': 'someone' }
    // What is watched comes in order: when the second change has come, the first one had.
    await client.patch(SERVICE_IMPORTS, 'db', 'demo', { metadata: { labels } })
    await client.create(SERVICE_IMPORTS, {
      ...serviceImport,
      metadata: { namespace: 'demo', name: 'web' },
      spec: { type: 'ClusterSetIP', ports: [{ port: 80 }], ips: ['10.0.0.1'] },
    })
    await until('another import', async () => (await rcode('web.demo.svc.clusterset.local')) === 'NOERROR')
    assert.equal(dns.serial, serial + 1)
    await client.patch(ENDPOINT_SLICES, 'db-east', 'demo', { metadata: { labels } })
    const { metadata } = await client.get(ENDPOINT_SLICES, 'db-east', 'demo')
    await client.update(ENDPOINT_SLICES, { ...slice('192.0.2.4'), metadata })
    await until('another address', async () => (await addresses(NAME)).join() === '192.0.2.4')
    assert.equal(dns.serial, serial + 2)
  })

  it('stay while the API server is away', async () => {
    await api.close()
    assert.deepEqual(await addresses(NAME), ['192.0.2.4'])
    assert.equal(await rcode('nobody.demo.svc.clusterset.local'), 'NXDOMAIN')
  })
})
