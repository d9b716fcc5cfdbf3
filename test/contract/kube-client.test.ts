/** The client of packages/kube against the embedded API server, which shares no code with it: plain, and over TLS. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CONFIG_MAPS,
  type ConfigMap,
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubernetesObject,
  NAMESPACES,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { ApiServer, type ApiServerOptions, effects, type KubeconfigRequest } from '@isthmus/apiserver'
import {
  type ClusterClient,
  connect,
  explainError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isKindMissing,
  isNotFound,
  LeaderLease,
  loadCredentials,
  objectKey,
  Reflector,
  type ReflectorOptions,
} from '@isthmus/kube'

const SETTINGS: Record<string, ApiServerOptions> = {
  plain: {},
  'TLS and RBAC': { tls: true, authorization: 'RBAC' },
}

const FAST = { initialMs: 2, maxMs: 20, factor: 2 }

async function serve(context: TestContext, options: ApiServerOptions): Promise<ApiServer> {
  const server = new ApiServer({ controllers: false, ...options })
  await server.listen()
  context.after(() => server.close())
  return server
}

/** By way of a kubeconfig file, as any user. */
async function clientOf(
  context: TestContext,
  server: ApiServer,
  user: KubeconfigRequest = {},
): Promise<ClusterClient> {
  const directory = await mkdtemp(join(tmpdir(), 'isthmus-contract-'))
  context.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'config')
  await writeFile(file, JSON.stringify(await server.kubeconfig(user)))
  const client = connect(loadCredentials({ kubeconfig: file }))
  context.after(() => client.close())
  return client
}

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})

async function eventually(condition: () => unknown): Promise<void> {
  const deadline = performance.now() + 5000
  for (;;) {
    let failure: unknown = new Error(`not within 5 s: ${condition}`)
    try {
      if ((await condition()) !== false) return
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadline) throw failure
    await sleep(5)
  }
}

function follow<T extends KubernetesObject>(
  context: TestContext,
  client: ClusterClient,
  type: ResourceType<T>,
  options: Partial<ReflectorOptions<T>> = {},
) {
  const reflector = new Reflector<T>({ client, type, backoff: FAST, ...options })
  const gone: string[] = []
  reflector.store.subscribe((key, next) => next === undefined && gone.push(key))
  context.after(() => reflector.stop())
  reflector.start()
  return { reflector, gone }
}

/** What the store has is what the server has. */
async function inStep<T extends KubernetesObject>(
  reflector: Reflector<T>,
  client: ClusterClient,
  type: ResourceType<T>,
) {
  const summary = (objects: readonly T[]) =>
    objects.map(object => `${objectKey(object)}@${object.metadata.resourceVersion}`).sort()
  await eventually(async () => {
    assert.deepEqual(summary(reflector.store.list()), summary((await client.list(type)).items))
  })
}

for (const [setting, options] of Object.entries(SETTINGS)) {
  test(`${setting}: writes, reads and refusals`, async context => {
    const client = await clientOf(context, await serve(context, options))
    const created = await client.create(CONFIG_MAPS, configMap('a', { x: '1' }))
    assert.ok(created.metadata.uid && created.metadata.resourceVersion)
    assert.deepEqual(await client.get(CONFIG_MAPS, 'a', 'default'), created)
    await assert.rejects(client.create(CONFIG_MAPS, configMap('a')), isAlreadyExists)

    const updated = await client.update(CONFIG_MAPS, { ...created, data: { x: '2' } })
    await assert.rejects(client.update(CONFIG_MAPS, { ...created, data: { x: '3' } }), isConflict)
    const dry = await client.update(CONFIG_MAPS, { ...updated, data: { x: '4' } }, { dryRun: true })
    assert.deepEqual(dry.data, { x: '4' })
    const merged = await client.patch(CONFIG_MAPS, 'a', 'default', { data: { y: '1' } })
    assert.deepEqual(merged.data, { x: '2', y: '1' })
    const replace = [{ op: 'replace', path: '/data/y', value: '2' }]
    const replaced = await client.patch(CONFIG_MAPS, 'a', 'default', replace, { contentType: 'json' })
    assert.deepEqual(replaced.data, { x: '2', y: '2' })
    const apply = { contentType: 'apply', fieldManager: 'me', force: true } as const
    const applied = await client.patch(CONFIG_MAPS, 'b', 'default', configMap('b', { z: '1' }), apply)
    assert.deepEqual(applied.data, { z: '1' })

    await assert.rejects(client.create(CONFIG_MAPS, configMap('Not_A_Name')), isInvalid)
    await assert.rejects(client.list(SERVICE_IMPORTS), isKindMissing)
    await assert.rejects(client.delete(CONFIG_MAPS, 'a', 'default', { uid: 'another' }), isConflict)
    await client.delete(CONFIG_MAPS, 'a', 'default', { uid: created.metadata.uid })
    const missing = await client.get(CONFIG_MAPS, 'a', 'default').catch((error: unknown) => error)
    assert.ok(isNotFound(missing) && !isKindMissing(missing))

    const version = await client.raw('/version')
    assert.equal(version.status, 200)
    assert.ok(JSON.parse(version.body).gitVersion)
  })

  test(`${setting}: a reflector lists in pages and follows`, async context => {
    const client = await clientOf(context, await serve(context, options))
    for (let i = 0; i < 12; i++) await client.create(CONFIG_MAPS, configMap(`c${i}`, { text: 'é語🦀\u2028' }))
    const { reflector, gone } = follow(context, client, CONFIG_MAPS, { pageSize: 5 })
    await reflector.whenSynced(AbortSignal.timeout(5000))
    await inStep(reflector, client, CONFIG_MAPS)
    assert.equal(reflector.store.get('default/c3')?.metadata.managedFields, undefined)
    await client.patch(CONFIG_MAPS, 'c3', 'default', { data: { text: 'changed' } })
    await client.delete(CONFIG_MAPS, 'c4', 'default')
    await inStep(reflector, client, CONFIG_MAPS)
    assert.equal(reflector.store.get('default/c3')?.data?.text, 'changed')
    assert.deepEqual(gone, ['default/c4'])
    // An update without managedFields, as the store has it, leaves the server's as they are.
    const trimmed = reflector.store.get('default/c3') ?? assert.fail()
    const { metadata } = await client.update(CONFIG_MAPS, { ...trimmed, data: { text: 'again' } })
    assert.ok(metadata.managedFields?.length)
  })

  test(`${setting}: a reflector outlives whatever the server does`, async context => {
    const server = await serve(context, options)
    const client = await clientOf(context, server)
    const writer = await clientOf(context, server)
    const match = { resource: 'configmaps', verb: 'watch' }
    for (const name of ['a', 'b', 'c']) await writer.create(CONFIG_MAPS, configMap(name))
    const faults = [
      { match, effect: effects.cut(1), times: 2 },
      { match, effect: effects.refuse(500), times: 1 },
      { match, effect: effects.repeat(), times: 1 },
      { match, effect: effects.disconnect(), times: 1 },
      { match, effect: effects.expire(), times: 1 },
      { match: { ...match, verb: 'list' }, effect: effects.truncate(40), times: 1 },
      { match: { ...match, verb: 'list' }, effect: effects.refuse(503, { retryAfterSeconds: 0 }), times: 1 },
    ].map(rule => server.faults.add(rule))
    const { reflector, gone } = follow(context, client, CONFIG_MAPS)
    for (let i = 0; i < 30; i++) {
      await writer.patch(CONFIG_MAPS, 'a', 'default', { data: { i: String(i) } })
      await sleep(2)
    }
    server.faults.clear()
    await inStep(reflector, writer, CONFIG_MAPS)
    assert.ok(faults.filter(fault => fault.count > 0).length >= 3)
    assert.deepEqual(gone, [])
    assert.equal(reflector.state.restored, false)
  })
}

test('a server that comes back from a backup is noticed, and followed', async context => {
  const server = await serve(context, {})
  const client = await clientOf(context, server)
  await client.create(CONFIG_MAPS, configMap('kept'))
  const backup = server.faults.snapshot()
  await client.create(CONFIG_MAPS, configMap('lost'))
  await client.patch(CONFIG_MAPS, 'kept', 'default', { data: { newer: 'yes' } })
  const { reflector, gone } = follow(context, client, CONFIG_MAPS, { silenceMs: 200 })
  await reflector.whenSynced(AbortSignal.timeout(5000))
  await inStep(reflector, client, CONFIG_MAPS)
  server.faults.restore(backup)
  await eventually(() => reflector.state.restored)
  await inStep(reflector, client, CONFIG_MAPS)
  assert.deepEqual(gone, ['default/lost'])
  await client.create(CONFIG_MAPS, configMap('new'))
  await inStep(reflector, client, CONFIG_MAPS)
})

test('a watch that falls silent is replaced', async context => {
  const server = await serve(context, {})
  const client = await clientOf(context, server)
  server.faults.add({ match: { resource: 'configmaps', verb: 'watch' }, effect: effects.silence(), times: 1 })
  const { reflector } = follow(context, client, CONFIG_MAPS, { silenceMs: 50 })
  await reflector.whenSynced(AbortSignal.timeout(5000))
  await client.create(CONFIG_MAPS, configMap('unheard'))
  await eventually(() => reflector.store.get('default/unheard') !== undefined)
})

test('a kind that comes and goes with its CustomResourceDefinition empties no store by its absence', async context => {
  const server = await serve(context, {})
  const client = await clientOf(context, server)
  const THINGS: ResourceType = {
    group: 'test.dev',
    version: 'v1',
    plural: 'things',
    kind: 'Thing',
    namespaced: true,
  }
  const { reflector } = follow(context, client, THINGS)
  await eventually(() => isKindMissing(reflector.state.error))
  assert.equal(reflector.synced, false)
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.test.dev' },
    spec: {
      group: 'test.dev',
      scope: 'Namespaced' as const,
      names: { kind: 'Thing', plural: 'things', singular: 'thing' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  }
  await client.create(CUSTOM_RESOURCE_DEFINITIONS, crd)
  await reflector.whenSynced(AbortSignal.timeout(5000))
  const thing = { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'default' } }
  await eventually(() => client.create(THINGS, thing))
  await inStep(reflector, client, THINGS)
  assert.equal(reflector.store.size, 1)
})

test('what a user may not do is refused, and said in words', async context => {
  const server = await serve(context, { tls: true, authorization: 'RBAC' })
  const client = await clientOf(context, server, { username: 'bob', groups: [] })
  const error = await client.list(SERVICES, { namespace: 'default' }).catch((error: unknown) => error)
  assert.ok(isForbidden(error))
  const { message } = explainError(error, { doing: 'list the services', context: 'isthmus' })
  assert.match(message, /^Could not list the services: you may not list services in namespace default/)
  const stranger = connect({
    server: client.server,
    description: 'a stranger',
    access: async () => ({ headers: { authorization: 'Bearer no' }, tls: { insecureSkipVerify: true } }),
  })
  context.after(() => stranger.close())
  await assert.rejects(stranger.get(NAMESPACES, 'default'), { code: 401 })
})

test('one of two candidates holds a Lease, and the other takes over', async context => {
  const server = await serve(context, {})
  const lease = async (identity: string) => {
    const client = await clientOf(context, server)
    const times = { leaseDurationMs: 1000, renewDeadlineMs: 700, retryPeriodMs: 20 }
    const lease = new LeaderLease({ client, namespace: 'default', name: 'agent', identity, ...times })
    context.after(() => lease.stop())
    lease.start()
    return lease
  }
  const leases = [await lease('one'), await lease('two')]
  const leading = () => leases.filter(lease => lease.leading)
  await eventually(() => leading().length === 1 && leases.every(({ holder }) => holder !== undefined))
  const [first] = leading()
  await first?.stop()
  await eventually(() => leading().length === 1 && leading()[0] !== first)
})
