import { isDeepStrictEqual } from 'node:util'
import type { ResourceDefinition } from '../registry/definition.ts'
import { AGE_COLUMN, NAME_COLUMN } from '../representations/columns.ts'
import { builtinSchema } from '../schema/builtin/builtin-schema.ts'
import { ENDPOINT_SLICE_COLUMNS } from './endpoint-slice-columns.ts'
import { fillEndpointSlice } from './endpoint-slice-defaults.ts'
import { ENDPOINT_SLICES, type EndpointSlice } from './endpoint-slice-spec.ts'
import { endpointSliceErrors } from './endpoint-slice-validation.ts'

/** `discovery.k8s.io/v1` EndpointSlice. */
export const endpointSliceDefinition: ResourceDefinition = {
  ...ENDPOINT_SLICES,
  version: 'v1',
  kind: 'EndpointSlice',
  singular: 'endpointslice',
  listKind: 'EndpointSliceList',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: builtinSchema('discovery.k8s.io', 'v1', 'EndpointSlice'),
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  hasGeneration: true,
  status: false,
  emptyObject: { addressType: '', endpoints: null, ports: null },
  selectableFields: {},
  columns: [NAME_COLUMN, ...ENDPOINT_SLICE_COLUMNS, AGE_COLUMN],
  rules: {
    fill: object => fillEndpointSlice(object as EndpointSlice),
    validate: (object, old) => endpointSliceErrors(object as EndpointSlice, old as EndpointSlice | undefined),
    generationGrows: (object, old) =>
      !isDeepStrictEqual(specified(object as EndpointSlice), specified(old as EndpointSlice)),
    reserve(object, old, { warn }) {
      const { addressType } = object as EndpointSlice
      if (old === undefined && addressType === 'FQDN') warn('spec.addressType: FQDN endpoints are deprecated')
      return { errors: [], undo: () => {} }
    },
  },
}

/** Labels count: kube-proxy and others find slices by them. */
const specified = ({ metadata, addressType, endpoints, ports }: EndpointSlice) => ({
  labels: metadata.labels ?? {},
  addressType,
  endpoints,
  ports,
})
