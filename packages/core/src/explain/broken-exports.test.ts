/** Everything that may be broken, one at a time: the first broken step has to be that one. */
import { describe, it } from 'node:test'
import type { EndpointSlice } from '@isthmus/api'
import { service, serviceExport, slice } from '../testing/objects.ts'
import { assertFirstBroken, type Break } from './testing/breaks.ts'
import { indexOf, lease } from './testing/healthy-facts.ts'

const unready = (one: EndpointSlice): EndpointSlice => ({
  ...one,
  endpoints: [{ addresses: ['10.1.0.5'], conditions: { ready: false } }],
})

/** One thing is broken in each; the first broken step has to be that one. */
const BREAKS: readonly Break[] = [
  {
    name: 'a ServiceExport without its Service',
    east: () => ({ service: { value: undefined } }),
    step: 'service',
    cluster: 'east',
    says: /no Service demo\/hello in east/,
    command: /^kubectl --context east -n demo get services$/,
  },
  {
    name: 'a Service that is being deleted',
    east: () => ({ service: { value: service({}, { deletionTimestamp: '2026-11-22T11:59:59Z' }) } }),
    step: 'service',
    cluster: 'east',
    says: /being deleted/,
    command: /get services/,
  },
  {
    name: 'a Service of type ExternalName',
    east: () => ({ service: { value: service({ type: 'ExternalName', externalName: 'x.example' }) } }),
    step: 'service',
    cluster: 'east',
    says: /ExternalName/,
    command: /get service hello -o yaml/,
  },
  {
    name: 'no ServiceExport',
    east: () => ({ serviceExport: { value: undefined }, index: { value: indexOf('east', []) } }),
    step: 'service-export',
    cluster: 'east',
    says: /no ServiceExport demo\/hello in east/,
    command: /printf .*kind: ServiceExport.*\| kubectl --context east apply -f -/,
  },
  {
    name: 'no ready endpoints',
    east: () => ({ sourceSlices: { value: [unready(slice('hello-1'))] } }),
    step: 'endpoints',
    cluster: 'east',
    says: /0 of 1 endpoint ready in east/,
    command: /get endpointslices -l kubernetes.io\/service-name=hello/,
  },
  {
    name: 'an agent of the exporter that is silent',
    east: () => ({ heartbeat: { value: lease(300_000) }, leader: { value: lease(300_000) } }),
    step: 'agent',
    cluster: 'east',
    says: /agent of east does not run: silent for 5 min/,
    command: /^isthmus agent --context east$/,
  },
  {
    name: 'an agent that leads and does not publish',
    east: () => ({ heartbeat: { value: lease(300_000) } }),
    step: 'agent',
    cluster: 'east',
    says: /x leads, and publishes nothing/,
    command: /isthmus-exchange get leases/,
  },
  {
    name: 'an agent that was stopped a moment ago',
    east: () => ({ leader: { value: { ...lease(1_000), spec: { holderIdentity: '' } } } }),
    step: 'agent',
    cluster: 'east',
    says: /agent of east does not run: stopped/,
    command: /^isthmus agent --context east$/,
  },
  {
    name: 'an agent that never ran',
    west: () => ({ heartbeat: { value: undefined }, leader: { value: undefined } }),
    step: 'agent',
    cluster: 'west',
    says: /agent of west does not run: never ran/,
    command: /isthmus agent --context west/,
  },
  {
    name: 'a record that every member refuses',
    east: () => ({
      serviceExport: {
        value: { ...serviceExport(), metadata: { ...serviceExport().metadata, creationTimestamp: 'once' } },
      },
    }),
    step: 'record',
    cluster: 'east',
    says: /no member accepts the record of east: exportedAt/,
    command: /get service,serviceexport hello/,
  },
  {
    name: 'a record that is missing',
    east: () => ({ record: { value: undefined } }),
    step: 'record',
    cluster: 'east',
    says: /record of demo\/hello is not in the exchange of east/,
    command: /describe serviceexport hello/,
  },
  {
    name: 'a record that is out of date',
    east: () => ({ service: { value: service({ ports: [{ name: 'http', port: 81 }] }) } }),
    step: 'record',
    cluster: 'east',
    says: /not what its Service is now/,
    command: /get exportedservices hello.demo/,
  },
  {
    name: 'no index',
    east: () => ({ index: { value: undefined } }),
    step: 'index',
    cluster: 'east',
    says: /no ExportIndex in the exchange of east/,
    command: /get exportindexes index/,
  },
  {
    name: 'an index that does not name the service',
    east: () => ({ index: { value: indexOf('east', []) } }),
    step: 'index',
    cluster: 'east',
    says: /does not name demo\/hello/,
    command: /describe serviceexport hello/,
  },
  {
    name: 'an index of another id',
    east: () => ({ index: { value: indexOf('eest', ['demo/hello']) } }),
    step: 'index',
    cluster: 'east',
    says: /says that it is of "eest"/,
    command: /get exportindexes/,
  },
]

describe('the first broken step', () => {
  for (const one of BREAKS)
    it(`of ${one.name} is ${one.step} in ${one.cluster}`, () => assertFirstBroken(one))
})
