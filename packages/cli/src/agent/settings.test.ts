import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LOST_MEMBER_POLICY, formatLostMemberPolicy } from '@isthmus/core'
import { type AgentSettings, resolveSettings, SETTINGS, type SettingSources } from './settings.ts'

const REQUIRED = { clusterId: 'a', clusterset: 'lab' }

function resolve(sources: Partial<SettingSources>) {
  return resolveSettings({ flags: {}, env: {}, cwd: '/work', ...sources })
}

function settings(sources: Partial<SettingSources>): AgentSettings {
  const resolved = resolve(sources)
  assert.ok('settings' in resolved, JSON.stringify(resolved))
  return resolved.settings
}

function mistakes(sources: Partial<SettingSources>): string[] {
  const resolved = resolve(sources)
  return 'mistakes' in resolved ? resolved.mistakes : []
}

const file = (content: Record<string, unknown>) => ({ name: 'agent.yaml', folder: '/etc/isthmus', content })

test('a flag wins over a variable, a variable over the file, and the file over the default', () => {
  const sources = {
    flags: { ...REQUIRED, logLevel: 'debug' },
    env: { ISTHMUS_CLUSTER_ID: 'b', ISTHMUS_LOG_LEVEL: 'warn', ISTHMUS_LOG_FORMAT: 'json' },
    file: file({ clusterset: 'other', logLevel: 'error', logFormat: 'text', agentNamespace: 'mesh' }),
  }
  const { clusterId, clusterset, logLevel, logFormat, agentNamespace, exchangeNamespace, health } =
    settings(sources)
  assert.deepEqual(
    { clusterId, clusterset, logLevel, logFormat, agentNamespace, exchangeNamespace, health },
    {
      clusterId: 'a',
      clusterset: 'lab',
      logLevel: 'debug',
      logFormat: 'json',
      agentNamespace: 'mesh',
      exchangeNamespace: undefined,
      health: 'auto',
    },
  )
})

test('peers are the same from flags, a variable and the file', () => {
  const wanted = [
    { clusterId: 'b', kubeconfig: '/k/config', context: 'b' },
    { clusterId: 'c', context: 'c' },
  ]
  assert.deepEqual(settings({ flags: { ...REQUIRED, peers: ['b=/k/config#b', 'c=#c'] } }).peers, wanted)
  assert.deepEqual(settings({ flags: REQUIRED, env: { ISTHMUS_PEERS: 'b=/k/config#b, c=#c' } }).peers, wanted)
  assert.deepEqual(settings({ flags: REQUIRED, file: file({ peers: wanted }) }).peers, wanted)
  assert.deepEqual(
    settings({ flags: REQUIRED, file: file({ peers: ['b=/k/config#b', 'c=#c'] }) }).peers,
    wanted,
  )
})

test('reserved prefixes are domains, from a list or a text', () => {
  const wanted = ['example.com', 'acme.org']
  const text = 'example.com, acme.org'
  assert.deepEqual(settings({ flags: { ...REQUIRED, reservedPrefixes: text } }).reservedPrefixes, wanted)
  const given = settings({ flags: REQUIRED, file: file({ reservedPrefixes: wanted }) })
  assert.deepEqual(given.reservedPrefixes, wanted)
  assert.match(mistakes({ flags: { ...REQUIRED, reservedPrefixes: 'Example' } }).join(), /is not a domain/)
})

test('the policy for lost members is a text or a map; unset, the ClusterSet or core decides, as it says', () => {
  assert.equal(settings({ flags: REQUIRED }).lostMemberPolicy, undefined)
  const { description } = SETTINGS.lostMemberPolicy
  assert.ok(description.includes(formatLostMemberPolicy(DEFAULT_LOST_MEMBER_POLICY)))
  const text = 'gone=keep,endpointsLost=notReady:1m'
  assert.equal(settings({ flags: { ...REQUIRED, lostMemberPolicy: text } }).lostMemberPolicy, text)
  const map = { gone: 'keep', endpointsLost: 'notReady:1m' }
  assert.equal(settings({ flags: REQUIRED, file: file({ lostMemberPolicy: map }) }).lostMemberPolicy, text)
})

test('probes are on or off, also as YAML says it', () => {
  assert.equal(settings({ flags: REQUIRED }).lostMemberProbes, 'off')
  assert.equal(settings({ flags: { ...REQUIRED, lostMemberProbes: 'on' } }).lostMemberProbes, 'on')
  assert.equal(settings({ flags: REQUIRED, file: file({ lostMemberProbes: true }) }).lostMemberProbes, 'on')
  assert.match(
    mistakes({ flags: { ...REQUIRED, lostMemberProbes: 'often' } }).join(),
    /is not one of on, off/,
  )
})

test('a relative path starts at the folder of the file it stands in, else at the current one', () => {
  assert.equal(settings({ flags: { ...REQUIRED, kubeconfig: 'k' } }).kubeconfig, '/work/k')
  const given = settings({ flags: REQUIRED, file: file({ kubeconfig: 'k', peers: ['b=../b.yaml'] }) })
  assert.equal(given.kubeconfig, '/etc/isthmus/k')
  assert.deepEqual(given.peers, [{ clusterId: 'b', kubeconfig: '/etc/b.yaml' }])
})

for (const [text, address] of [
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  [':9080', { host: '0.0.0.0', port: 9080 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['off', 'off'],
  ['auto', 'auto'],
] as const) {
  test(`--health ${text}`, () =>
    assert.deepEqual(settings({ flags: { ...REQUIRED, health: text } }).health, address))
}

test('a cluster that has joined needs no settings', () => {
  const { clusterId, clusterset, peers } = settings({})
  assert.deepEqual([clusterId, clusterset, peers], [undefined, undefined, []])
})

test('YAML reads some ids as numbers', () => {
  assert.equal(settings({ file: file({ clusterId: 1, clusterset: 'lab' }) }).clusterId, '1')
})

describe('each mistake is one sentence that names what was given and where', () => {
  const cases: { name: string; sources: Partial<SettingSources>; says: RegExp[] }[] = [
    {
      name: 'an id in upper case',
      sources: { flags: { clusterset: 'lab', clusterId: 'East_1' } },
      says: [/^--cluster-id: "East_1" is not one RFC 1123 label: .* such as "east-1"$/],
    },
    {
      name: 'an id with a dot',
      sources: { env: { ISTHMUS_CLUSTER_ID: 'a.b', ISTHMUS_CLUSTERSET: 'lab' } },
      says: [/^ISTHMUS_CLUSTER_ID: "a.b" is not one RFC 1123 label/],
    },
    {
      name: 'an id that is too long',
      sources: { file: file({ clusterset: 'lab', clusterId: 'x'.repeat(64) }) },
      says: [/^clusterId in agent.yaml: "x+" has 64 characters/],
    },
    {
      name: 'the own id among the peers',
      sources: { flags: { ...REQUIRED, peers: ['a=#x'] } },
      says: [/^"a" is this cluster's own id/],
    },
    {
      name: 'two peers with one id',
      sources: { flags: { ...REQUIRED, peers: ['b=#x', 'b=#y'] } },
      says: [/^two peers have the id "b"/],
    },
    {
      name: 'a peer without an id',
      sources: { flags: { ...REQUIRED, peers: ['config#b'] } },
      says: [/^--peer: "config#b" is not a peer: give ID=KUBECONFIG#CONTEXT/],
    },
    {
      name: 'a peer that leads nowhere',
      sources: { flags: { ...REQUIRED, peers: ['b=#'] } },
      says: [/names neither a kubeconfig nor a context/],
    },
    {
      name: 'an unknown key in the file',
      sources: { flags: REQUIRED, file: file({ clusterID: 'a', frobnicate: 1 }) },
      says: [
        /^agent.yaml has no setting "clusterID" \(did you mean clusterId\?\)$/,
        /^agent.yaml has no setting "frobnicate" \(it knows clusterId, /,
      ],
    },
    {
      name: 'an unknown key of a peer',
      sources: { flags: REQUIRED, file: file({ peers: [{ clusterId: 'b', contxt: 'b' }] }) },
      says: [/^peers in agent.yaml: a peer has no "contxt" \(did you mean context\?\)$/],
    },
    {
      name: 'an unknown level',
      sources: { flags: { ...REQUIRED, logLevel: 'verbose' } },
      says: [/^--log-level: "verbose" is not one of debug, info, warn, error$/],
    },
    {
      name: 'an address without a port',
      sources: { flags: { ...REQUIRED, health: '127.0.0.1' } },
      says: [/^--health: "127.0.0.1" is not an address with a port/],
    },
    {
      name: 'a port that does not exist',
      sources: { flags: { ...REQUIRED, health: '127.0.0.1:70000' } },
      says: [/^--health: /],
    },
  ]
  for (const { name, sources, says } of cases) {
    test(name, () => {
      const found = mistakes(sources)
      assert.equal(found.length, says.length, found.join('\n'))
      for (const [n, pattern] of says.entries()) assert.match(found[n] ?? '', pattern)
    })
  }
})
