import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { IsthmusError } from '@isthmus/api'
import { cachedAccess } from './cached-access.ts'
import type { Access } from './credentials.ts'
import { inClusterCredentials } from './in-cluster.ts'
import { loadCredentials } from './load-credentials.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

async function folder(
  context: TestContext,
  files: Record<string, string>,
): Promise<(name: string) => string> {
  const directory = await mkdtemp(join(tmpdir(), 'isthmus-kube-'))
  context.after(() => rm(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  return name => join(directory, name)
}

/** A kubeconfig of one context, `east`, whose cluster and user have these fields. */
const kubeconfig = (cluster: object, user: object, name = 'east') =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `https://${name}.example:6443/`, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'demo' } }],
    'current-context': name,
  })

async function accessOf(
  context: TestContext,
  cluster: object,
  user: object,
  files: Record<string, string> = {},
) {
  const at = await folder(context, { ...files, config: kubeconfig(cluster, user) })
  return loadCredentials({ kubeconfig: at('config') }).access()
}

test('reads where the cluster is, and how to trust it', async context => {
  const cluster = {
    'certificate-authority-data': base64('AUTHORITY'),
    'tls-server-name': 'kubernetes',
    'proxy-url': 'http://proxy.example:3128',
  }
  const at = await folder(context, { config: kubeconfig(cluster, {}) })
  const credentials = loadCredentials({ kubeconfig: at('config') })
  assert.equal(credentials.server, 'https://east.example:6443')
  assert.equal(credentials.namespace, 'demo')
  assert.equal(credentials.description, `context "east" of ${at('config')}`)
  const { headers, tls, proxyUrl } = await credentials.access()
  assert.deepEqual(headers, {})
  assert.equal(tls.ca, 'AUTHORITY')
  assert.equal(tls.serverName, 'kubernetes')
  assert.equal(tls.insecureSkipVerify, false)
  assert.equal(proxyUrl, 'http://proxy.example:3128')
})

test('files are relative to the kubeconfig, and data goes before them', async context => {
  const cluster = { 'certificate-authority': 'pki/ca.crt', 'insecure-skip-tls-verify': true }
  const user = {
    'client-certificate': 'pki/me.crt',
    'client-key-data': base64('KEY'),
    'client-key': 'missing',
  }
  const { tls } = await accessOf(context, cluster, user, { 'pki/ca.crt': 'CA', 'pki/me.crt': 'CERT' })
  assert.deepEqual([tls.ca, tls.cert, tls.key, tls.insecureSkipVerify], ['CA', 'CERT', 'KEY', true])
})

for (const [name, user, headers] of [
  ['a token', { token: 'abc' }, { authorization: 'Bearer abc' }],
  [
    'a token file, before a token',
    { token: 'abc', tokenFile: 'token' },
    { authorization: 'Bearer from-file' },
  ],
  [
    'a password',
    { username: 'me', password: 'pass:word' },
    { authorization: `Basic ${base64('me:pass:word')}` },
  ],
  [
    'impersonation',
    { as: 'alice', 'as-uid': 'u1', 'as-groups': ['a', 'b'], 'as-user-extra': { 'example.org/Why': ['x'] } },
    {
      'impersonate-user': 'alice',
      'impersonate-uid': 'u1',
      'impersonate-group': ['a', 'b'],
      'impersonate-extra-example.org%2fwhy': ['x'],
    },
  ],
] as const) {
  test(`sends ${name}`, async context => {
    const access = await accessOf(context, {}, user, { token: 'from-file\n' })
    assert.deepEqual(access.headers, headers)
  })
}

/** A plugin that answers with a token that has a number, and what it was told of the cluster. */
const PLUGIN = `#!${process.execPath}
const fs = require('node:fs')
const count = fs.existsSync(process.env.COUNTER) ? Number(fs.readFileSync(process.env.COUNTER)) + 1 : 1
fs.writeFileSync(process.env.COUNTER, String(count))
const { apiVersion, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
const token = [count, ...process.argv.slice(2), spec.cluster.server].join(' ')
const status = { token, clientCertificateData: 'CERT', clientKeyData: 'KEY' }
console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status }))
`

test('runs an exec plugin once, and again when its credentials are refused', async context => {
  const at = await folder(context, { 'bin/plugin.cjs': PLUGIN })
  await chmod(at('bin/plugin.cjs'), 0o755)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './bin/plugin.cjs',
    args: ['get-token'],
    env: [{ name: 'COUNTER', value: at('counter') }],
    provideClusterInfo: true,
  }
  await writeFile(at('config'), kubeconfig({}, { exec }))
  const credentials = loadCredentials({ kubeconfig: at('config') })
  const { headers, tls } = await credentials.access()
  assert.equal(headers.authorization, 'Bearer 1 get-token https://east.example:6443/')
  assert.deepEqual([tls.cert, tls.key], ['CERT', 'KEY'])
  assert.equal((await credentials.access()).headers, headers)
  const refreshed = await credentials.access({ refresh: true })
  assert.equal(refreshed.headers.authorization, 'Bearer 2 get-token https://east.example:6443/')
})

test('a plugin that is missing or fails is named, with what it said', async context => {
  const missing = { command: 'no-such-plugin', installHint: 'Install it from example.org.' }
  const failing = {
    command: process.execPath,
    args: ['-e', 'console.error("please log in"); process.exit(1)'],
  }
  for (const [exec, words, remedy] of [
    [missing, /"no-such-plugin": there is no such command/, /^Install it from example\.org\.$/],
    [failing, /please log in/, /Run it by hand/],
  ] as const) {
    await assert.rejects(accessOf(context, {}, { exec }), (error: unknown) => {
      assert.ok(error instanceof IsthmusError)
      assert.equal(error.code, 'ISTHMUS_CREDENTIAL_PLUGIN_FAILED')
      assert.match(error.message, words)
      assert.match(error.remedy, remedy)
      return true
    })
  }
})

test('several files of $KUBECONFIG are merged: the first wins, and one may be missing', async context => {
  const at = await folder(context, {
    one: kubeconfig({}, { token: 'one' }, 'east'),
    two: kubeconfig({}, { token: 'two' }, 'west').replace(
      '"users":[',
      '"users":[{"name":"east","user":{"token":"no"}},',
    ),
  })
  const environment = { KUBECONFIG: [at('one'), at('missing'), at('two')].join(delimiter) }
  const east = loadCredentials({ environment })
  assert.equal((await east.access()).headers.authorization, 'Bearer one')
  const west = loadCredentials({ environment, context: 'west' })
  assert.equal((await west.access()).headers.authorization, 'Bearer two')
})

test('without anything else, the kubeconfig is the one of the home folder', async context => {
  const at = await folder(context, { '.kube/config': kubeconfig({}, {}) })
  assert.equal(loadCredentials({ environment: { HOME: at('') } }).server, 'https://east.example:6443')
})

const UNUSABLE: Record<
  string,
  { config?: string; context?: string; code: string; words: RegExp; remedy?: RegExp }
> = {
  'is missing': {
    code: 'ISTHMUS_KUBECONFIG_UNREADABLE',
    words: /config cannot be read: there is no such file/,
  },
  'is not YAML': {
    config: 'a: [b\ntoken: secret',
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    words: /cannot be used/,
  },
  'is a list': { config: '[]', code: 'ISTHMUS_KUBECONFIG_INVALID', words: /not a mapping/ },
  'is empty': { config: '', code: 'ISTHMUS_KUBECONFIG_INVALID', words: /no current context/ },
  'has a nameless user': {
    config: 'users: [{user: {}}]',
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    words: /users\[0\] has no name/,
  },
  'has clusters that are no list': {
    config: 'clusters: {}',
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    words: /clusters is not a list/,
  },
  'names a cluster that it lacks': {
    config: 'contexts: [{name: a, context: {cluster: b}}]\ncurrent-context: a',
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    words: /the cluster "b" of context "a" is not in it/,
  },
  'names a user that it lacks': {
    config:
      'contexts: [{name: a, context: {cluster: a, user: b}}]\nclusters: [{name: a, cluster: {server: "https://a"}}]\ncurrent-context: a',
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    words: /the user "b" of context "a" is not in it/,
  },
  'has no URL for a server': {
    config: kubeconfig({ server: 'east:6443' }, {}),
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    words: /the server of cluster "east" is not a URL/,
  },
  'lacks the context': {
    config: kubeconfig({}, {}),
    context: 'est',
    code: 'ISTHMUS_CONTEXT_UNKNOWN',
    words: /has no context "est"/,
    remedy: /Use one of its contexts: east\./,
  },
}

for (const [what, { config, context: wanted, code, words, remedy }] of Object.entries(UNUSABLE)) {
  test(`a kubeconfig that ${what} is ${code}`, async context => {
    const at = await folder(context, config === undefined ? {} : { config })
    assert.throws(
      () => loadCredentials({ kubeconfig: at('config'), context: wanted }),
      (error: unknown) => {
        assert.ok(error instanceof IsthmusError)
        assert.equal(error.code, code)
        assert.match(error.message, words)
        if (remedy) assert.match(error.remedy, remedy)
        assert.doesNotMatch(error.message, /secret/)
        return true
      },
    )
  })
}

test('no kubeconfig and no pod is an error that names where was looked', async context => {
  const at = await folder(context, {})
  assert.throws(() => loadCredentials({ environment: { HOME: at('') } }), {
    code: 'ISTHMUS_KUBECONFIG_MISSING',
  })
})

test('a pod uses its service account, and takes up the token that the kubelet renews', async context => {
  const at = await folder(context, { 'ca.crt': 'CA', token: 'first\n', namespace: 'isthmus-system\n' })
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const credentials = inClusterCredentials(environment, at(''))
  assert.equal(credentials.server, 'https://[fd00::1]:443')
  assert.equal(credentials.namespace, 'isthmus-system')
  const first = await credentials.access()
  assert.equal(first.headers.authorization, 'Bearer first')
  assert.equal(first.tls.ca, 'CA')
  await writeFile(at('token'), 'second')
  assert.equal(await credentials.access(), first)
  assert.equal((await credentials.access({ refresh: true })).headers.authorization, 'Bearer second')
})

test('access is read once for all who ask at once, again after a minute, and the same while it is the same', async () => {
  let now = 0
  let reads = 0
  let token = 'a'
  const read = async (): Promise<Access> => {
    reads++
    await null
    return { headers: { authorization: token }, tls: {} }
  }
  const access = cachedAccess(read, () => now)
  const [first, second] = await Promise.all([access(), access()])
  assert.equal(first, second)
  now += 59_000
  assert.equal(await access(), first)
  assert.equal(reads, 1)
  now += 2000
  assert.equal(await access(), first)
  assert.equal(reads, 2)
  token = 'b'
  assert.notEqual(await access({ refresh: true }), first)
})

test('access that failed is asked for again', async () => {
  let failing = true
  const access = cachedAccess(async () => {
    if (failing) throw new Error('not now')
    return { headers: {}, tls: {} }
  })
  await assert.rejects(access(), /not now/)
  failing = false
  assert.deepEqual(await access(), { headers: {}, tls: {} })
})
