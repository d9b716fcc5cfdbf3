/** Everything that may be broken, one at a time: the first broken step has to be that one. */
import { describe, it } from 'node:test'
import type { EndpointSlice, ServiceImport } from '@isthmus/api'
import { withConditions } from '../conditions/conditions.ts'
import { chunkSpec, service, slice } from '../testing/objects.ts'
import { type ClusterReading, readValue } from './facts.ts'
import { assertFirstBroken, type Break, type Change } from './testing/breaks.ts'
import { NOW } from './testing/healthy-facts.ts'

const unready = (one: EndpointSlice): EndpointSlice => ({
  ...one,
  endpoints: [{ addresses: ['10.1.0.5'], conditions: { ready: false } }],
})

const withReady = (
  cluster: ClusterReading,
  reason: string,
  message: string,
): { value: ServiceImport | undefined } => {
  const found = readValue(cluster.serviceImport)
  if (found === undefined) return { value: undefined }
  const wanted = { type: 'Ready', status: 'False' as const, reason, message }
  const conditions = [...withConditions(found.status?.conditions, [wanted], '2026-11-22T12:00:00Z')]
  return { value: { ...found, status: { ...found.status, conditions } } }
}

const link = (changes: object): Change => ({
  links: { value: [{ clusterId: 'east', highestSequence: NOW - 3_600_000, state: 'connected', ...changes }] },
})

const BREAKS: readonly Break[] = [
  {
    name: 'no link',
    west: () => ({ links: { value: [] }, importedSlices: { value: [] } }),
    step: 'link',
    cluster: 'west',
    says: /agent of west has never read the exchange of east/,
    command: /-n isthmus-system get configmaps,secrets/,
  },
  {
    name: 'a member that was removed, and imports as before',
    west: () => ({ removedAt: '2026-11-22T11:00:00Z', registryContext: 'hub' }),
    step: 'link',
    cluster: 'west',
    says: /^west was removed from the ClusterSet, as its agent saw at 2026-11-22T11:00:00Z/,
    command: /^isthmus leave --context west --registry-context hub$/,
  },
  {
    name: 'a member that was removed, and exports as before',
    east: () => ({ removedAt: '2026-11-22T11:00:00Z' }),
    step: 'link',
    cluster: 'west',
    says: /^east was removed from the ClusterSet/,
    command: /^isthmus leave --context east --registry-context REGISTRY$/,
  },
  {
    name: 'a link whose credentials are refused',
    west: () => link({ state: 'degraded', reason: 'its API server does not accept our credentials (401)' }),
    step: 'link',
    cluster: 'west',
    says: /link of west to east is degraded: .*\(401\)/,
    command: /^isthmus relink --context west --peer east/,
  },
  {
    name: 'a link whose account was deleted',
    east: () => ({ readers: { value: [] } }),
    west: () => ({
      ...link({ state: 'lost', reason: 'its API server does not accept our token any more (401)' }),
      registryContext: 'hub',
    }),
    step: 'link',
    cluster: 'west',
    says: /\(401\); east has no account for it any more$/,
    command: /^isthmus relink --context west --peer east --registry-context hub$/,
  },
  {
    name: 'a link that may not read, of a member that joined',
    west: () => link({ state: 'lost', reason: 'we may not read its exchange (403 for exportindexes)' }),
    step: 'link',
    cluster: 'west',
    says: /is lost: .*\(403/,
    command: /^isthmus relink --context west --peer east/,
  },
  {
    name: 'a link that may not read',
    west: () => ({
      ...link({ state: 'lost', reason: 'we may not read its exchange (403 for exportindexes)' }),
      isJoined: false,
    }),
    step: 'link',
    cluster: 'west',
    says: /is lost: .*\(403/,
    command: /^isthmus install --context east$/,
  },
  {
    name: 'a link to an API server that is away',
    west: () =>
      link({
        state: 'lost',
        reason: 'its API server refuses connections (ECONNREFUSED)',
        since: '2026-11-22T11:00:00Z',
      }),
    step: 'link',
    cluster: 'west',
    says: /is lost since 2026-11-22T11:00:00Z: its API server refuses connections/,
    command: /^kubectl --context west run try .* curl -skm 5 https:\/\/east\/readyz$/,
  },
  {
    name: 'an index that went back',
    west: () => link({ highestSequence: NOW }),
    step: 'link',
    cluster: 'west',
    says: /went back from sequence/,
    command: /get exportindexes,leases/,
  },
  {
    name: 'an index that has not been read',
    west: () => link({ highestSequence: 5 }),
    step: 'link',
    cluster: 'west',
    says: /west is behind east: .* written 60 min ago/,
    command: /get exportindexes index/,
  },
  {
    name: 'endpoints that are refused',
    east: east => {
      const name = [...(readValue(east.chunks)?.keys() ?? [])][0] ?? ''
      const spec = chunkSpec({
        endpoints: [{ addresses: ['127.0.0.1'], ready: true, serving: true, terminating: false }],
      })
      const chunk = {
        apiVersion: 'isthmus.dev/v1alpha1',
        kind: 'ExportedEndpoints',
        metadata: { name },
        spec,
      }
      const sourceSlices = [
        slice('hello-1', { endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }] }),
      ]
      return {
        chunks: {
          value: new Map([
            [
              name,
              {
                ...chunk,
                spec: {
                  ...spec,
                  endpoints: [{ addresses: ['127.0.0.1'], ready: true, serving: true, terminating: false }],
                },
              },
            ],
          ]),
        },
        sourceSlices: { value: sourceSlices },
      }
    },
    step: 'refusals',
    cluster: 'west',
    says: /west does not use this of the export of east: endpoint: address "127.0.0.1"/,
    command: /kubectl --context east -n demo get service/,
  },
  {
    name: 'a policy that keeps the member out',
    west: () => {
      const refusal = {
        rule: 'policy',
        message: 'no ImportPolicy lets cluster east contribute to namespace demo',
      }
      return {
        admission: { refusalOf: () => refusal, admit: () => ({ export: undefined, refusals: [refusal] }) },
      }
    },
    step: 'refusals',
    cluster: 'west',
    says: /policies of west keep out what east exports: policy: no ImportPolicy/,
    command: /^kubectl --context west get importpolicies -o yaml$/,
  },
  {
    name: 'no namespace',
    west: () => ({
      namespace: { value: undefined },
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: { value: undefined },
    }),
    step: 'namespace',
    cluster: 'west',
    says: /no namespace demo in west/,
    command: /^kubectl --context west create namespace demo$/,
  },
  {
    name: "a user's Service of the derived name",
    west: west => ({
      derivedService: {
        value: service(
          {},
          readValue(west.derivedService)?.metadata.name
            ? { name: readValue(west.derivedService)?.metadata.name as string }
            : {},
        ),
      },
    }),
    step: 'names',
    cluster: 'west',
    says: /that Isthmus did not make, where the derived Service has to be/,
    command: /^kubectl --context west -n demo get service hello-[0-9a-f]{10} -o yaml$/,
  },
  {
    name: "a user's ServiceImport",
    west: west => {
      const found = readValue(west.serviceImport)
      return {
        serviceImport: { value: found && { ...found, metadata: { namespace: 'demo', name: 'hello' } } },
      }
    },
    step: 'names',
    cluster: 'west',
    says: /a ServiceImport demo\/hello that Isthmus did not make/,
    command: /get serviceimport hello -o yaml/,
  },
  {
    name: 'a quota that leaves no room',
    west: west => ({
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: withReady(
        west,
        'Pending',
        'services "hello-1" is forbidden: exceeded quota: none, requested: services=1',
      ),
    }),
    step: 'derived-service',
    cluster: 'west',
    says: /derived Service hello-\w+ is not there in west: .*exceeded quota/,
    command: /^kubectl --context west -n demo describe resourcequotas$/,
  },
  {
    name: 'an agent that may not make Services',
    west: west => ({
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: withReady(
        west,
        'Pending',
        'services is forbidden: User "x" cannot create resource "services"',
      ),
    }),
    step: 'derived-service',
    cluster: 'west',
    says: /cannot create resource "services"/,
    command: /^isthmus install --context west$/,
  },
  {
    name: 'families without overlap',
    west: west => ({
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: withReady(west, 'IPFamilyNotSupported', 'exported for IPv4'),
    }),
    step: 'derived-service',
    cluster: 'west',
    says: /exported for IPv4, which Services of west do not have/,
    command: /get serviceimport hello/,
  },
  {
    name: 'a derived Service that was edited',
    west: west => {
      const found = readValue(west.derivedService)
      return {
        derivedService: {
          value: found && { ...found, spec: { ...found.spec, ports: [{ name: 'http', port: 81 }] } },
        },
      }
    },
    step: 'derived-service',
    cluster: 'west',
    says: /is not as it should be/,
    command: /get service hello-/,
  },
  {
    name: 'a slice that was edited',
    west: west => ({ importedSlices: { value: (readValue(west.importedSlices) ?? []).map(unready) } }),
    step: 'slices',
    cluster: 'west',
    says: /1 of 1 EndpointSlices of east in west is not what east exports now \(hello-\S+ differs\)/,
    command: /source-cluster=east -o yaml/,
  },
  {
    name: 'a slice that is left over',
    west: west => {
      const [one] = readValue(west.importedSlices) ?? []
      const left = one && { ...one, metadata: { ...one.metadata, name: 'left' } }
      return { importedSlices: { value: one && left ? [one, left] : [] } }
    },
    step: 'slices',
    cluster: 'west',
    says: /1 EndpointSlices of east in west should be gone \(left\)/,
    command: /source-cluster=east/,
  },
  {
    name: 'no ServiceImport',
    west: () => ({ serviceImport: { value: undefined } }),
    step: 'service-import',
    cluster: 'west',
    says: /no ServiceImport demo\/hello in west/,
    command: /describe serviceimport hello/,
  },
  {
    name: 'a ServiceImport with other addresses',
    west: west => {
      const found = readValue(west.serviceImport)
      return { serviceImport: { value: found && { ...found, spec: { ...found.spec, ips: ['10.96.9.9'] } } } }
    },
    step: 'service-import',
    cluster: 'west',
    says: /is not what the members export now/,
    command: /describe serviceimport hello/,
  },
  {
    name: 'a DNS server that does not know the name',
    west: () => ({
      dns: { value: { server: '127.0.0.1:5353', answer: { failure: 'no such name (NXDOMAIN)' } } },
    }),
    step: 'dns',
    cluster: 'west',
    says: /127.0.0.1:5353, does not know hello.demo.svc.clusterset.local: no such name/,
    command: /^dig @127.0.0.1 -p 5353 hello.demo.svc.clusterset.local$/,
  },
  {
    name: 'a DNS server of another cluster',
    west: () => ({ dns: { value: { server: '127.0.0.1:5353', answer: { addresses: ['10.0.0.1'] } } } }),
    step: 'dns',
    cluster: 'west',
    says: /answers 10.0.0.1, not 10.96.3.3/,
    command: /^dig /,
  },
  {
    name: 'no service proxy',
    west: () => ({
      connect: {
        value: { address: '10.96.3.3', port: 80, result: { failure: 'the connection was refused' } },
      },
    }),
    step: 'connect',
    cluster: 'west',
    says: /nothing answers at 10.96.3.3:80 in west/,
    command: /get pods -l k8s-app=kube-proxy/,
  },
]

describe('the first broken step', () => {
  for (const one of BREAKS)
    it(`of ${one.name} is ${one.step} in ${one.cluster}`, () => assertFirstBroken(one))
})
