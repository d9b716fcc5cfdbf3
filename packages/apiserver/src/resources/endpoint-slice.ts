import { isDeepStrictEqual } from 'node:util'
import { AGE_COLUMN, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'
import { ENDPOINT_SLICE_COLUMNS } from './endpoint-slice-columns.ts'
import { fillEndpointSlice } from './endpoint-slice-defaults.ts'
import { ENDPOINT_SLICES, type EndpointSlice } from './endpoint-slice-spec.ts'
import { endpointSliceErrors } from './endpoint-slice-validation.ts'

/** `discovery.k8s.io/v1` EndpointSlice. */
export const endpointSlices = builtIn({
  ...ENDPOINT_SLICES,
  kind: 'EndpointSlice',
  hasGeneration: true,
  emptyObject: { addressType: '', endpoints: null, ports: null },
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
})

/** Labels count: kube-proxy and others find slices by them. */
const specified = ({ metadata, addressType, endpoints, ports }: EndpointSlice) => ({
  labels: metadata.labels ?? {},
  addressType,
  endpoints,
  ports,
})
