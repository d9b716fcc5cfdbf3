import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import type { ClusterSnapshot, PlaygroundSnapshot } from '@isthmus/playground'
import { missingTools } from './missing-tools.ts'
import { nextSteps } from './next-steps.ts'
import { changes, statusLines } from './status-view.ts'

const NOW = 1_764_000_000_000

function cluster(name: string, changed: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  return {
    name,
    state: 'running',
    ready: true,
    reasons: [],
    server: `https://127.0.0.1:${name.length}000`,
    dns: { address: '127.0.0.1', port: 5301 },
    pods: { ready: 2, total: 2 },
    exports: [{ key: 'demo/hello', valid: true, ready: true, conflict: false }],
    imports: [
      {
        key: 'demo/hello',
        ready: true,
        reason: 'Ready',
        ips: ['127.64.8.1'],
        clusters: ['east', 'west'],
        endpoints: [
          { cluster: 'east', ready: 2, total: 2 },
          { cluster: 'west', ready: 1, total: 2 },
        ],
      },
    ],
    links: [
      {
        clusterId: 'west',
        server: 'https://west',
        state: 'connected',
        sequence: 1,
        services: 1,
        refusals: 0,
        lastContact: NOW - 65_000,
      },
    ],
    ...changed,
  }
}

const of = (...clusters: ClusterSnapshot[]): PlaygroundSnapshot => ({ clusters })

test('the status has a line for each cluster, import and link, and the reasons of what does not work', () => {
  const stopped = cluster('west', { state: 'stopped', ready: false, exports: [], imports: [], links: [] })
  const lines = statusLines(of(cluster('east', { ready: false, reasons: ['no caches yet'] }), stopped), NOW)
  assert.match(
    lines[1] ?? '',
    /^east +not ready +2\/2 +1\/1 +1\/1 +https:\/\/127\.0\.0\.1:4000 +127\.0\.0\.1:5301$/,
  )
  assert.match(lines[2] ?? '', /^west +stopped /)
  assert.ok(lines.some(line => /^demo\/hello +east +127\.64\.8\.1 +Ready +east 2\/2, west 1\/2$/.test(line)))
  assert.ok(lines.some(line => /^east reads west +connected +1 +60 s ago$/.test(line)))
  assert.deepEqual(lines.slice(-2), ['east is not ready:', '  no caches yet'])
})

test('a first snapshot is told as a whole, then what changes, once', () => {
  const before = of(cluster('east'), cluster('west'))
  assert.equal(changes(undefined, before).length, 6)
  assert.deepEqual(changes(before, of(cluster('east'), cluster('west'))), [])
  const [link] = cluster('east').links
  assert.ok(link)
  const after = of(
    cluster('east', { links: [{ ...link, state: 'degraded', reason: 'refused' }], imports: [] }),
    cluster('west', { state: 'stopped', ready: false, imports: [], links: [] }),
  )
  assert.deepEqual(changes(before, after), [
    'link east reads west: degraded: refused',
    'cluster west: stopped',
    'import demo/hello in east: gone',
  ])
})

const state = {
  kubeconfig: '/home/me/my play/.isthmus/kubeconfig',
  registry: 'east',
  clusters: ['east', 'west', 'north'].map((name, n) => ({
    name,
    server: '',
    dns: { address: '127.0.0.1', port: 5301 + n },
  })),
}

test('every second line of the next steps can be pasted into a shell', () => {
  const steps = nextSteps({ state, demoPort: 8080, folder: '/home/me/my play', home: '/tmp/it’s' })
  const lines = steps.filter(line => !line.startsWith('# '))
  assert.equal(lines.length * 2, steps.length)
  assert.ok(lines.includes('dig @127.0.0.1 -p 5303 +noall +answer hello.demo.svc.clusterset.local'))
  assert.ok(
    lines.includes(
      "kubectl --kubeconfig '/home/me/my play/.isthmus/kubeconfig' --context north get serviceimports -A",
    ),
  )
  assert.ok(lines.includes("ISTHMUS_HOME='/tmp/it’s' npx isthmus stop west"))
})

test('without the demo nothing of it is named', () => {
  assert.doesNotMatch(nextSteps({ state, folder: '/' }).join('\n'), /hello/)
})

test('a tool that is not on the machine is named, with where to get it', t => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-tools-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'dig'), '', { mode: 0o755 })
  assert.match(missingTools(folder).join(), /^kubectl is not on this machine \(https:/)
  writeFileSync(join(folder, 'kubectl'), '', { mode: 0o755 })
  assert.deepEqual(missingTools(`/nowhere${delimiter}${folder}`), [])
  assert.equal(missingTools(undefined).length, 2)
})
