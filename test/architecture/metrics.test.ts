import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Agent } from '@isthmus/agent'
import { DnsServer, dnsMetrics, ObjectSource } from '@isthmus/dns'
import { connect, staticCredentials } from '@isthmus/kube'
import { pino } from 'pino'

/** An agent that is not started has all its metrics. */
function registries() {
  const client = connect(staticCredentials({ server: 'http://127.0.0.1:1' }))
  const log = pino({ level: 'silent' })
  const agent = new Agent({ clusterId: 'east', clusterset: 'test', client, peers: [], log })
  return [agent.metrics, dnsMetrics(new DnsServer({ source: new ObjectSource() }))]
}

test('docs/reference/metrics.md names each metric that there is, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8')
  const documented = [...page.matchAll(/`(isthmus_[a-z_]+)`/g)].map(([, name]) => name)
  const registered = registries().flatMap(registry => registry.getMetricsAsArray().map(({ name }) => name))
  assert.deepEqual(documented.sort(), registered.sort())
})
