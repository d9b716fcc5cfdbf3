/** Properties of a ClusterSet under any sequence of changes, restarts and relists. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type KubernetesObject,
  LABEL_MANAGED_BY,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import fc from 'fast-check'
import { until } from '../fixtures/until.ts'
import type { Clusters } from './runner/clusters.ts'
import { EmbeddedClusters } from './runner/embedded.ts'
import { ModelClusters } from './runner/model.ts'
import type { MemberSpec, Partial } from './runner/scenario.ts'

const IDS = ['east', 'west', 'north'] as const
const IPV4: MemberSpec = { families: ['IPv4'], withoutFields: [] }
const MEMBERS = Object.fromEntries(IDS.map(id => [id, IPV4]))
const NAMESPACE = 'demo'
const HEAD = { namespace: NAMESPACE, name: 'hello' }

/** What is done to one cluster. Done twice, or to what is not there, it does nothing. */
const CHANGES = {
  serve: { create: { kind: 'Service', spec: { ports: [{ name: 'http', port: 80 }] } } },
  'serve another port': { create: { kind: 'Service', spec: { ports: [{ name: 'web', port: 81 }] } } },
  'serve headless': {
    create: { kind: 'Service', spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] } },
  },
  'stop serving': { delete: { kind: 'Service' } },
  export: { create: { kind: 'ServiceExport' } },
  'export with labels': { create: { kind: 'ServiceExport', spec: { exportedLabels: { team: 'a' } } } },
  unexport: { delete: { kind: 'ServiceExport' } },
  'add a port': {
    patch: {
      kind: 'Service',
      spec: {
        ports: [
          { name: 'http', port: 80 },
          { name: 'admin', port: 8080 },
        ],
      },
    },
  },
  'add endpoints': {
    create: {
      kind: 'EndpointSlice',
      metadata: { labels: { 'kubernetes.io/service-name': 'hello' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true } }],
    },
  },
  'move endpoints': { patch: { kind: 'EndpointSlice', endpoints: [{ addresses: ['10.1.0.2'] }] } },
  'drop endpoints': { delete: { kind: 'EndpointSlice' } },
  'delete the import': { delete: { kind: 'ServiceImport' } },
  'restart the agent': { agent: 'restart' },
  'forget history': { server: 'forget history' },
  'wipe the exchange': { server: 'wipe exchange' },
} as const satisfies Record<
  string,
  {
    create?: Partial
    patch?: Partial
    delete?: Partial
    agent?: 'restart'
    server?: 'forget history' | 'wipe exchange'
  }
>

interface Change {
  readonly in: (typeof IDS)[number]
  readonly what: keyof typeof CHANGES
}

const anyChange: fc.Arbitrary<Change> = fc.record({
  in: fc.constantFrom(...IDS),
  what: fc.constantFrom(...(Object.keys(CHANGES) as (keyof typeof CHANGES)[])),
})

async function apply(clusters: Clusters, { in: id, what }: Change): Promise<void> {
  const change: {
    create?: Partial
    patch?: Partial
    delete?: Partial
    agent?: 'restart'
    server?: 'forget history' | 'wipe exchange'
  } = CHANGES[what]
  const object = (partial: Partial) =>
    ({ apiVersion: '', ...partial, metadata: { ...HEAD, ...partial.metadata } }) as KubernetesObject
  const served = (partial: Partial) => {
    const { apiVersion: _, ...rest } = object(partial)
    return rest as KubernetesObject
  }
  try {
    if (change.create !== undefined) {
      await clusters.clock(1)
      await clusters.create(id, served(change.create))
    }
    if (change.patch !== undefined) await clusters.patch(id, object(change.patch))
    if (change.delete !== undefined) await clusters.delete(id, served(change.delete))
  } catch (error) {
    // There already, or not there: the sequence goes on.
    if (![404, 409].includes((error as { code: number }).code)) throw error
  }
  if (change.agent !== undefined) await clusters.agent(id, change.agent)
  if (change.server !== undefined) await clusters.server(id, change.server)
}

async function makeNamespace(clusters: Clusters): Promise<void> {
  for (const id of IDS) {
    await clusters.create(id, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  }
}

const OWN_KINDS: readonly ResourceType[] = [SERVICES, ENDPOINT_SLICES, SERVICE_IMPORTS, SERVICE_EXPORTS]

/** All objects of a cluster, without what tells when and in what order they were written. */
async function contents(clusters: Clusters, id: string): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const type of OWN_KINDS) {
    for (const object of await clusters.list(id, type, NAMESPACE)) {
      all[`${type.kind} ${object.metadata.name}`] = timeless(object)
    }
  }
  for (const type of [EXPORTED_SERVICES, EXPORTED_ENDPOINTS] as ResourceType[]) {
    for (const object of await clusters.list(id, type, EXCHANGE_NAMESPACE)) {
      all[`${type.kind} ${object.metadata.name}`] = timeless(object)
    }
  }
  return all
}

const WHEN = new Set([
  ...['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'lastTransitionTime'],
  // Which address is allocated depends on what others were taken before.
  ...['observedGeneration', 'ips', 'clusterIP', 'clusterIPs', 'exportedAt', 'ownerReferences'],
])

function timeless(object: unknown): unknown {
  return JSON.parse(JSON.stringify(object, (key, value) => (WHEN.has(key) ? undefined : value)))
}

function isOurs({ metadata }: KubernetesObject): boolean {
  return (
    metadata.labels?.[LABEL_MANAGED_BY] === MANAGER || metadata.labels?.[LABEL_SLICE_MANAGED_BY] === MANAGER
  )
}

/** The users' objects of one set of clusters made in another, oldest ServiceExport first. */
async function copyOfUsersObjects(from: Clusters, to: Clusters): Promise<void> {
  const objects: { id: string; object: KubernetesObject }[] = []
  for (const id of IDS) {
    for (const type of [SERVICES, ENDPOINT_SLICES, SERVICE_EXPORTS] as ResourceType[]) {
      for (const object of await from.list(id, type, NAMESPACE)) {
        if (!isOurs(object)) objects.push({ id, object: { ...object, kind: type.kind } })
      }
    }
  }
  objects.sort((a, b) =>
    (a.object.metadata.creationTimestamp ?? '') < (b.object.metadata.creationTimestamp ?? '') ? -1 : 1,
  )
  for (const { id, object } of objects) {
    const { namespace, name, labels } = object.metadata
    const {
      status: _,
      apiVersion: __,
      metadata: ___,
      ...rest
    } = object as KubernetesObject & { status?: unknown }
    const copy = JSON.parse(
      JSON.stringify({ ...rest, metadata: { namespace, name, ...(labels && { labels }) } }, (key, value) =>
        key === 'clusterIP' && value !== 'None'
          ? undefined
          : key === 'clusterIPs' && value[0] !== 'None'
            ? undefined
            : value,
      ),
    )
    await to.clock(1)
    await to.create(id, copy)
  }
}

describe('whatever happens', () => {
  it('core ends where a fresh start from the final state would', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 3, maxLength: 14 }), async changes => {
        const clusters = await ModelClusters.start(MEMBERS)
        await makeNamespace(clusters)
        for (const change of changes) {
          await apply(clusters, change)
          // Sometimes much happens before anybody looks.
          if (change.in === 'east') clusters.settle()
        }
        const fresh = await ModelClusters.start(MEMBERS)
        await makeNamespace(fresh)
        await copyOfUsersObjects(clusters, fresh)
        for (const id of IDS) assert.deepEqual(await contents(clusters, id), await contents(fresh, id), id)
      }),
      { numRuns: 40, interruptAfterTimeLimit: 12_000 },
    )
  })

  it('agents end where core alone does, write nothing more, and nothing that is not theirs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 6, maxLength: 12 }), async changes => {
        const clusters = await EmbeddedClusters.start(MEMBERS)
        try {
          await makeNamespace(clusters)
          for (const change of changes) await apply(clusters, change)
          const fresh = await ModelClusters.start(MEMBERS)
          await makeNamespace(fresh)
          await copyOfUsersObjects(clusters, fresh)
          const wanted = await Promise.all(IDS.map(id => contents(fresh, id)))
          await until('agents have come to the same', async () => {
            for (const [i, id] of IDS.entries()) assert.deepEqual(await contents(clusters, id), wanted[i], id)
            return true
          })
          const revisions = () => IDS.map(id => clusters.apiServer(id).storage.revision)
          let before = revisions()
          await until('nothing more is written', async () => {
            const last = before
            await new Promise(resolve => setTimeout(resolve, 40))
            before = revisions()
            return last.join() === before.join()
          })
          for (const id of IDS) {
            for (const type of OWN_KINDS) {
              for (const object of await clusters.list(id, type, NAMESPACE)) assertWriter(type, object)
            }
          }
        } finally {
          await clusters.close()
        }
      }),
      { numRuns: 5, interruptAfterTimeLimit: 25_000 },
    )
  })
})

/** By managedFields: of what it did not make an agent has written the status of ServiceExports, and nothing else. */
function assertWriter(type: ResourceType, object: KubernetesObject): void {
  const written = (object.metadata.managedFields ?? []) as { manager: string; subresource?: string }[]
  const agents = written.filter(({ manager }) => manager === MANAGER)
  const what = `${type.kind} ${object.metadata.name}`
  if (isOurs(object)) assert.ok(agents.length > 0, `${what} is not from an agent`)
  else if (type.kind === SERVICE_EXPORTS.kind)
    assert.ok(
      agents.every(({ subresource }) => subresource === 'status'),
      what,
    )
  else assert.deepEqual(agents, [], `${what} is a user's`)
}
