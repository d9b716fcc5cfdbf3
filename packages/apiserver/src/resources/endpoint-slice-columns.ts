/** What `kubectl get endpointslices` shows. */
import type { Column, StoredObject } from '../registry/definition.ts'
import { column } from '../representations/columns.ts'
import type { EndpointSlice } from './endpoint-slice-spec.ts'

const SHOWN = 3

export const ENDPOINT_SLICE_COLUMNS: readonly Column[] = [
  column(
    'AddressType',
    'What kind of address all endpoints of the slice have.',
    object => (object as EndpointSlice).addressType,
  ),
  column('Ports', 'Ports on which every endpoint of the slice listens.', object =>
    shortList(portsOf(object).map(({ port, name }) => (port === undefined ? name || '*' : String(port)))),
  ),
  column('Endpoints', 'Addresses of the endpoints.', object =>
    shortList(((object as EndpointSlice).endpoints ?? []).flatMap(({ addresses }) => addresses)),
  ),
]

const portsOf = (object: StoredObject) => (object as EndpointSlice).ports ?? []

function shortList(texts: readonly string[]): string {
  const shown = texts.slice(0, SHOWN).join(',')
  return texts.length > SHOWN ? `${shown} + ${texts.length - SHOWN} more...` : shown || '<unset>'
}
