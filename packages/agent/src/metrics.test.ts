import assert from 'node:assert/strict'
import { it } from 'node:test'
import { AgentMetrics } from './metrics.ts'
import type { AgentStatus } from './options.ts'

const status: AgentStatus = {
  clusterId: 'east',
  clusterset: 'test',
  leading: true,
  ready: true,
  reasons: [],
  lostMemberPolicy: '',
  exports: [
    { key: 'demo/a', valid: true, ready: true, conflict: true },
    { key: 'demo/b', valid: false, ready: false, conflict: false },
  ],
  imports: [
    { key: 'demo/a', ready: true, reason: 'Ready', ips: ['10.96.0.1'], clusters: ['east'] },
    { key: 'demo/c', ready: false, reason: 'quota', ips: [], clusters: ['west'] },
    { key: 'demo/d', ready: false, reason: 'quota', ips: [], clusters: ['west'] },
  ],
  links: [
    { clusterId: 'west', server: 'https://west', state: 'connected', sequence: 7, services: 3, refusals: 2 },
    { clusterId: 'north', server: 'https://north', state: 'degraded', sequence: 1, services: 0, refusals: 0 },
  ],
  refusals: [{ clusterId: 'west', rule: 'policy', count: 2 }],
}

it('metrics tell the status and what was reconciled, in the text format', async () => {
  let links = status.links
  const metrics = new AgentMetrics(() => ({ ...status, links }))
  metrics.reconciled('imports', 'done', 3, 0)
  metrics.reconciled('imports', 'retry', 700, 5)
  const text = await metrics.registry.metrics()
  for (const line of [
    'isthmus_ready 1',
    'isthmus_exports 1',
    'isthmus_export_conflicts 1',
    'isthmus_imports 3',
    'isthmus_imports_pending 2',
    'isthmus_link_state{peer="west",state="connected"} 1',
    'isthmus_link_state{peer="north",state="degraded"} 1',
    'isthmus_link_services{peer="west"} 3',
    'isthmus_link_refusals{peer="west"} 2',
    'isthmus_refusals{member="west",rule="policy"} 2',
    'isthmus_reconciles_total{controller="imports",outcome="done"} 1',
    'isthmus_reconciles_total{controller="imports",outcome="retry"} 1',
    'isthmus_reconcile_duration_seconds_bucket{le="0.005",controller="imports"} 1',
    'isthmus_reconcile_duration_seconds_count{controller="imports"} 2',
    'isthmus_queue_depth{controller="imports"} 5',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`)
  }
  assert.match(text, /^# HELP isthmus_link_state /m)
  links = []
  const later = await metrics.registry.metrics()
  assert.doesNotMatch(later, /isthmus_link_\w+\{/, 'a peer that left is told no more')
})
