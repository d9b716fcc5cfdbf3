import { parseAddress } from '../allocation/ip-address.ts'
import { canonicalIPErrors, specialIPErrors } from '../allocation/ip-validation.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../registry/field-error.ts'
import { label1123Errors, labelValueErrors, subdomainErrors } from '../registry/names.ts'
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from './endpoint-slice-spec.ts'
import { appProtocolErrors, protocolErrors } from './service-ports.ts'

const MOST_ENDPOINTS = 1000
const MOST_ADDRESSES = 100
const MOST_PORTS = 20_000
const MOST_HINTS = 8

/** Everything that is wrong with an EndpointSlice, in kube-apiserver's order and words. */
export function endpointSliceErrors(slice: EndpointSlice, old: EndpointSlice | undefined): FieldError[] {
  return [
    ...addressTypeErrors(slice),
    ...listErrors('endpoints', slice.endpoints ?? [], MOST_ENDPOINTS, (endpoint, field) =>
      endpointErrors(field, endpoint, slice.addressType),
    ),
    ...namedListErrors('ports', slice.ports ?? [], MOST_PORTS, portErrors),
    ...(old === undefined || slice.addressType === old.addressType
      ? []
      : [invalid('addressType', slice.addressType ?? '', 'field is immutable')]),
  ]
}

/** Too long a list is reported as such and not looked into. */
function listErrors<T>(
  field: string,
  list: readonly T[],
  most: number,
  errorsOf: (item: T, field: string) => FieldError[],
): FieldError[] {
  if (list.length > most) return [tooMany(field, list.length, most)]
  return list.flatMap((item, i) => errorsOf(item, `${field}[${i}]`))
}

/** As `listErrors`, for items that are told apart by name. */
function namedListErrors<T extends { readonly name?: string }>(
  field: string,
  list: readonly T[],
  most: number,
  errorsOf: (item: T, field: string) => FieldError[],
): FieldError[] {
  const seen = new Set<string>()
  return listErrors(field, list, most, (item, place) => {
    const { name = '' } = item
    const repeated = seen.has(name) ? [duplicate(`${place}.name`, name)] : []
    seen.add(name)
    return [...repeated, ...errorsOf(item, place)]
  })
}

function addressTypeErrors({ addressType }: EndpointSlice): FieldError[] {
  if (!addressType) return [required('addressType')]
  const supported = ['FQDN', 'IPv4', 'IPv6']
  return supported.includes(addressType) ? [] : [notSupported('addressType', addressType, supported)]
}

function endpointErrors(field: string, endpoint: Endpoint, addressType: string | undefined): FieldError[] {
  const { addresses = [], nodeName, hostname, hints } = endpoint
  return [
    ...countErrors(`${field}.addresses`, addresses.length),
    ...addresses.flatMap((address, i) => addressErrors(`${field}.addresses`, i, address, addressType)),
    ...textErrors(`${field}.nodeName`, nodeName, subdomainErrors),
    ...textErrors(`${field}.hostname`, hostname, label1123Errors),
    ...hintErrors(`${field}.hints`, hints ?? {}),
  ]
}

function countErrors(field: string, count: number): FieldError[] {
  if (count === 0) return [required(field, 'must contain at least 1 address')]
  return count > MOST_ADDRESSES ? [tooMany(field, count, MOST_ADDRESSES)] : []
}

function addressErrors(field: string, i: number, address: string, type: string | undefined): FieldError[] {
  const place = `${field}[${i}]`
  if (type === 'FQDN') return domainErrors(place, address)
  if (type !== 'IPv4' && type !== 'IPv6') return []
  const malformed = canonicalIPErrors(place, address)
  if (malformed.length > 0) return malformed
  const isOfType = parseAddress(address)?.family === type
  // The field is that of the list, not of the address: so it is in Kubernetes.
  return [
    ...(isOfType ? [] : [invalid(field, address, `must be an ${type} address`)]),
    ...specialIPErrors(place, address),
  ]
}

function domainErrors(field: string, name: string): FieldError[] {
  if (name === '') return [required(field)]
  const bare = name.replace(/\.$/, '')
  const errors = subdomainErrors(bare).map(text => invalid(field, bare, text))
  if (errors.length > 0 || bare.includes('.')) return errors
  return [invalid(field, bare, 'should be a domain with at least two segments separated by dots')]
}

function hintErrors(field: string, { forZones = [], forNodes = [] }: EndpointHints): FieldError[] {
  const nameErrors =
    (check: (name: string) => string[]) =>
    ({ name }: { readonly name: string }, place: string) =>
      textErrors(`${place}.name`, name, check)
  return [
    ...namedListErrors(`${field}.forZones`, forZones, MOST_HINTS, nameErrors(labelValueErrors)),
    ...namedListErrors(`${field}.forNodes`, forNodes, MOST_HINTS, nameErrors(subdomainErrors)),
  ]
}

function portErrors(port: EndpointPort, field: string): FieldError[] {
  const { name = '' } = port
  return [
    ...(name === '' ? [] : textErrors(`${field}.name`, name, label1123Errors)),
    ...protocolErrors(`${field}.protocol`, port.protocol),
    ...appProtocolErrors(`${field}.appProtocol`, port.appProtocol),
  ]
}

function textErrors(
  field: string,
  text: string | undefined,
  check: (text: string) => string[],
): FieldError[] {
  return text === undefined ? [] : check(text).map(detail => invalid(field, text, detail))
}

const tooMany = (field: string, count: number, most: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field,
  message: `Too many: ${count}: must have at most ${most} items`,
})
