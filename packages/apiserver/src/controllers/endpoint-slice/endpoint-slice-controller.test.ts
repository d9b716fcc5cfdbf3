import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ENDPOINT_SLICES, type EndpointSlice } from '../../resources/endpoint-slice-spec.ts'
import { SERVICES } from '../../resources/service-spec.ts'
import { NODES, PODS } from '../pod.ts'
import { TestCluster } from '../test-cluster.ts'

let cluster: TestCluster

beforeEach(() => {
  cluster = new TestCluster()
})
afterEach(() => cluster.stop())

const PORTS = [{ name: 'http', port: 80, targetPort: 'web' }]

const makePod = (name: string, { port = 8080, spec = {} }: { port?: number; spec?: object } = {}) =>
  cluster.create(
    PODS,
    name,
    {
      spec: {
        containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: port }] }],
        ...spec,
      },
    },
    { labels: { app: 'a' } },
  )

const makeService = (spec: object = {}) =>
  cluster.create(SERVICES, 's', { spec: { selector: { app: 'a' }, ports: PORTS, ...spec } })

const slices = () =>
  cluster
    .list<EndpointSlice>(ENDPOINT_SLICES)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 's')

/** `p ready` or `p serving` of each endpoint, in order of names. */
const endpoints = () =>
  slices()
    .flatMap(slice => slice.endpoints ?? [])
    .map(
      ({ targetRef, conditions }) =>
        `${targetRef?.name} ${conditions.ready ? 'ready' : conditions.serving ? 'serving' : 'no'}`,
    )
    .sort()

const has = (...expected: string[]) =>
  cluster.until(`endpoints ${expected}`, () => endpoints().join() === expected.join(), endpoints)

const patchStatus = (name: string, status: object) =>
  cluster.api.patch(PODS, cluster.namespace, name, { status }, { subresource: 'status' })

describe('the EndpointSlice controller', () => {
  test('follows pods and the selector', async () => {
    makeService()
    makePod('p')
    makePod('q')
    await has('p ready', 'q ready')
    patchStatus('p', { conditions: [{ type: 'Ready', status: 'False' }] })
    await has('p no', 'q ready')
    patchStatus('p', { phase: 'Failed' })
    await has('q ready')
    cluster.api.patch(PODS, cluster.namespace, 'q', { metadata: { labels: { app: 'b' } } })
    await has()
    cluster.patchSpec(SERVICES, 's', { selector: { app: 'b' } })
    await has('q ready')
    await cluster.rest()
    assert.equal(slices().length, 1)
    assert.deepEqual(cluster.errors, [])
  })

  test('pods that are on their way out serve on', async () => {
    makeService()
    makePod('p')
    await has('p ready')
    cluster.api.patch(PODS, cluster.namespace, 'p', { metadata: { finalizers: ['example.test/held'] } })
    cluster.api.delete(PODS, cluster.namespace, 'p', { gracePeriodSeconds: 30 })
    await has('p serving')
  })

  test('pods whose port of the name has other numbers have slices of their own', async () => {
    makeService()
    makePod('p')
    makePod('q', { port: 9090 })
    await has('p ready', 'q ready')
    const ports = slices().map(slice => slice.ports?.map(({ port }) => port).join())
    assert.deepEqual(ports.sort(), ['8080', '9090'])
  })

  test('a Service may want addresses that are not ready', async () => {
    cluster.unready.add('i')
    makeService({ publishNotReadyAddresses: true })
    makePod('p')
    await has('p ready')
    assert.equal(slices()[0]?.endpoints?.[0]?.conditions.serving, false)
  })

  test('host names are of pods of the Service’s subdomain', async () => {
    makeService({ clusterIP: 'None' })
    makePod('p', { spec: { hostname: 'h', subdomain: 's' } })
    makePod('q', { spec: { hostname: 'h', subdomain: 'other' } })
    await has('p ready', 'q ready')
    const names = slices().flatMap(
      slice => slice.endpoints?.map(({ targetRef, hostname }) => [targetRef?.name, hostname]) ?? [],
    )
    assert.deepEqual(Object.fromEntries(names), { p: 'h', q: undefined })
    assert.equal(slices()[0]?.metadata.labels?.['service.kubernetes.io/headless'], '')
  })

  test('hints keep traffic in the zone, or on the node, as the Service says', async () => {
    makeService({ trafficDistribution: 'PreferSameZone' })
    makePod('p')
    await has('p ready')
    const hints = () => slices()[0]?.endpoints?.[0]?.hints
    assert.deepEqual(hints(), { forZones: [{ name: 'z1' }] })
    cluster.patchSpec(SERVICES, 's', { trafficDistribution: 'PreferSameNode' })
    const both = { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] }
    await cluster.until('hints for nodes', () => JSON.stringify(hints()) === JSON.stringify(both), hints)
    cluster.patchSpec(SERVICES, 's', { trafficDistribution: null })
    await cluster.until('no hints', () => hints() === undefined)
  })

  test('zones follow the nodes, and pods of nodes that are gone are no endpoints', async () => {
    makeService()
    makePod('p')
    await has('p ready')
    cluster.api.patch(NODES, undefined, 'n1', {
      metadata: { labels: { 'topology.kubernetes.io/zone': 'z2' } },
    })
    await cluster.until('the zone', () => slices()[0]?.endpoints?.[0]?.zone === 'z2')
    cluster.api.delete(NODES, undefined, 'n1')
    await has()
  })

  test('a slice that is deleted or changed by others is set right', async () => {
    makeService()
    makePod('p')
    await has('p ready')
    const [slice] = slices()
    assert.ok(slice)
    cluster.api.delete(ENDPOINT_SLICES, cluster.namespace, slice.metadata.name)
    await cluster.until(
      'another',
      () => slices()[0] !== undefined && slices()[0]?.metadata.uid !== slice.metadata.uid,
    )
    await has('p ready')
    const { name } = slices()[0]?.metadata ?? { name: '' }
    cluster.api.patch(ENDPOINT_SLICES, cluster.namespace, name, { endpoints: [] })
    await has('p ready')
  })

  test('slices of others for the Service are left alone', async () => {
    makeService()
    const labels = {
      'kubernetes.io/service-name': 's',
      'endpointslice.kubernetes.io/managed-by': 'isthmus.dev',
    }
    cluster.create(ENDPOINT_SLICES, 'other', { addressType: 'IPv4', endpoints: [], ports: [] }, { labels })
    makePod('p')
    await has('p ready')
    assert.equal(slices().length, 2)
  })

  test('a Service without selector has none', async () => {
    makeService({ selector: null })
    await cluster.rest()
    assert.deepEqual(slices(), [])
  })

  test('the change that a slice comes from is in its annotations', async () => {
    makeService()
    makePod('p')
    await has('p ready')
    patchStatus('p', {
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2030-01-01T00:00:00Z' }],
    })
    await has('p no')
    const trigger = slices()[0]?.metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time']
    assert.equal(trigger, '2030-01-01T00:00:00Z')
  })
})

test('the API server has a Service, at the first address, which comes back', async () => {
  const find = () =>
    cluster.api.get(SERVICES, 'default', 'kubernetes') as { spec?: { clusterIP?: string } } | undefined
  await cluster.until('the Service', () => find()?.spec?.clusterIP === '10.96.0.1')
  cluster.api.delete(SERVICES, 'default', 'kubernetes')
  await cluster.until('the Service again', () => find()?.spec?.clusterIP === '10.96.0.1')
})
