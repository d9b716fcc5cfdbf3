/** What whoever steals the agent's token can do: no more than the agent does. And that the agent does not need more. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Agent, installInto } from '@isthmus/agent'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  type KubernetesObject,
  NAMESPACES,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
} from '@isthmus/api'
import type { LocalObject } from '@isthmus/apiserver'
import { ApiError, type ClusterClient } from '@isthmus/kube'
import { pino } from 'pino'
import { type SecuredCluster, securedCluster } from '../fixtures/secured-cluster.ts'
import { until } from '../fixtures/until.ts'

const CLUSTER_ROLES = { group: 'rbac.authorization.k8s.io', plural: 'clusterroles' }
const OURS = { 'app.kubernetes.io/managed-by': 'isthmus.dev' }
const OURS_SLICE = { 'endpointslice.kubernetes.io/managed-by': 'isthmus.dev' }

const service = (name: string, labels?: Record<string, string>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'demo', name, ...(labels && { labels }) },
  spec: { ports: [{ name: 'http', port: 80 }] },
})
const slice = (name: string, labels: Record<string, string>): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'demo', name, labels },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80 }],
  endpoints: [{ addresses: ['10.1.0.1'] }],
})

describe("the agent's account", () => {
  let cluster: SecuredCluster
  let token: string
  let stolen: ClusterClient

  before(async () => {
    cluster = await securedCluster()
    const { client } = cluster
    await installInto(client)
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } })
    await client.create(SERVICES, service('hello'))
    await client.create(ENDPOINT_SLICES, slice('hello-1', { 'kubernetes.io/service-name': 'hello' }))
    const answer = await client.raw('/api/v1/namespaces/isthmus-system/serviceaccounts/isthmus-agent/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    })
    token = JSON.parse(answer.body).status.token
    stolen = cluster.connect(token)
  })
  after(() => cluster.close())

  async function changed<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    change: (found: T) => void,
  ) {
    const found = await stolen.get(type, name, 'demo')
    change(found)
    await stolen.update(type, found)
  }

  const TRIED: [what: string, attempt: () => Promise<unknown>][] = [
    ["make a Service that is nobody's", () => stolen.create(SERVICES, service('new'))],
    [
      'take over a Service',
      () => changed(SERVICES, 'hello', ({ metadata }) => Object.assign(metadata, { labels: OURS })),
    ],
    [
      'turn a Service elsewhere',
      () =>
        changed(SERVICES, 'hello', ({ spec }) => Object.assign(spec ?? {}, { selector: { app: 'mine' } })),
    ],
    ['delete a Service', () => stolen.delete(SERVICES, 'hello', 'demo')],
    ['delete the Service of the API server', () => stolen.delete(SERVICES, 'kubernetes', 'default')],
    [
      'add endpoints to a Service',
      () => stolen.create(ENDPOINT_SLICES, slice('mine', { 'kubernetes.io/service-name': 'hello' })),
    ],
    [
      'change endpoints of a Service',
      () => changed(ENDPOINT_SLICES, 'hello-1', found => Object.assign(found, { endpoints: [] })),
    ],
    ['delete endpoints of a Service', () => stolen.delete(ENDPOINT_SLICES, 'hello-1', 'demo')],
    [
      'add endpoints of its own to a Service that is not',
      () =>
        stolen.create(
          ENDPOINT_SLICES,
          slice('mine', { ...OURS_SLICE, 'kubernetes.io/service-name': 'hello' }),
        ),
    ],
    [
      'draw traffic to other addresses',
      () =>
        stolen.create(SERVICES, {
          ...service('mine', OURS),
          spec: { ports: [{ name: 'http', port: 80 }], ...{ externalIPs: ['192.0.2.1'] } },
        }),
    ],
    [
      'open a port of the nodes',
      () =>
        stolen.create(SERVICES, {
          ...service('mine', OURS),
          spec: { ports: [{ name: 'http', port: 80 }], type: 'NodePort' },
        }),
    ],
    [
      'let go of what is its own',
      async () => {
        await stolen.create(SERVICES, service('ours', OURS))
        await changed(SERVICES, 'ours', ({ metadata }) => Object.assign(metadata, { labels: {} }))
      },
    ],
  ]
  for (const [what, attempt] of TRIED)
    it(`cannot ${what}`, () =>
      assert.rejects(attempt(), (error: ApiError) => {
        assert.ok(error instanceof ApiError && error.code === 403, String(error))
        assert.match(
          error.message,
          /ValidatingAdmissionPolicy 'isthmus-agent' .* (has to bear|changes only what bears the label|as an import has)/,
        )
        return true
      }))

  it('suffices for the agent, also where it may not read nodes and ServiceCIDRs', async () => {
    const { server } = cluster
    const role = structuredClone(server.local.get(CLUSTER_ROLES, undefined, 'isthmus-agent')) as unknown as {
      rules: { resources: string[] }[]
    }
    role.rules = role.rules.filter(
      ({ resources }) => !resources.includes('nodes') && !resources.includes('servicecidrs'),
    )
    server.local.update(CLUSTER_ROLES, role as unknown as LocalObject)
    const agent = new Agent({
      clusterId: 'east',
      clusterset: 'test',
      client: cluster.connect(token),
      peers: [],
      log: pino({ level: 'silent' }),
    })
    await agent.start()
    try {
      await cluster.client.create(SERVICE_EXPORTS, {
        apiVersion: 'multicluster.x-k8s.io/v1beta1',
        kind: 'ServiceExport',
        metadata: { namespace: 'demo', name: 'hello' },
      })
      const isReady = () =>
        cluster.client
          .get(SERVICE_IMPORTS, 'hello', 'demo')
          .then(({ status }) =>
            status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
          )
      await until('the import is Ready', () => isReady().catch(() => false))
      assert.deepEqual(agent.status().reasons, [])
      await cluster.client.delete(SERVICE_EXPORTS, 'hello', 'demo')
      await until('the import is gone', () =>
        isReady().then(
          () => false,
          () => true,
        ),
      )
    } finally {
      await agent.stop()
    }
  })
})
