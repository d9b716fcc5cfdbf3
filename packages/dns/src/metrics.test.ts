import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnsMetrics } from './metrics.ts'
import { DnsServer } from './server.ts'
import { ObjectSource } from './source/object-source.ts'

test('answers are counted when they are asked for, by what they were', async () => {
  const server = new DnsServer({ source: new ObjectSource([]) })
  const registry = dnsMetrics(server)
  server.counters.countAnswer('udp', 1, 3)
  server.counters.countAnswer('udp', 1, 3)
  const line = 'isthmus_dns_answers_total{transport="udp",type="A",rcode="NXDOMAIN"} 2'
  for (const scrape of ['first', 'second']) {
    assert.ok((await registry.metrics()).split('\n').includes(line), scrape)
  }
  assert.match(await registry.metrics(), /^isthmus_dns_synced 0$/m)
})
