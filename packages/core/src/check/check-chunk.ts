import type { ExportedEndpoint, ExportedEndpointsSpec } from '@isthmus/api'
import { refusedAddress } from './addresses.ts'
import { type Checked, MAX_PORTS, type Refusal } from './check-record.ts'
import { isDNSLabel, isLabelValue, isPortName, isPortNumber, isQualifiedName } from './formats.ts'

/** EndpointSlice validation's limit. */
const MAX_ENDPOINTS = 1000
const MAX_NODE_NAME = 253
/** How many refusals of one chunk are told: the rest is counted by the last one. */
const MAX_REFUSALS = 5

/** Objects of a cache never change in place: what was checked once is not checked again. */
const checked = new WeakMap<ExportedEndpointsSpec, Checked<ExportedEndpointsSpec>>()

/** The endpoints of a chunk as they may be used: bad endpoints are left out one by one, a bad frame refuses it whole. */
export function checkChunk(spec: ExportedEndpointsSpec): Checked<ExportedEndpointsSpec> {
  const known = checked.get(spec)
  if (known !== undefined) return known
  const result = newlyChecked(spec)
  // A peer may have sent anything, also what is no object.
  if (typeof spec === 'object' && spec !== null) checked.set(spec, result)
  return result
}

function newlyChecked(spec: ExportedEndpointsSpec): Checked<ExportedEndpointsSpec> {
  const objection = objectionToFrame(spec)
  if (objection !== undefined)
    return { value: undefined, refusals: [{ rule: 'endpoints', message: objection }] }
  const refusals: Refusal[] = []
  let refused = 0
  const endpoints = spec.endpoints.filter(endpoint => {
    const message = objectionToEndpoint(endpoint, spec)
    if (message === undefined) return true
    if (++refused <= MAX_REFUSALS) refusals.push({ rule: 'endpoint', message })
    return false
  })
  if (refused === 0) return { value: spec, refusals }
  if (refused > MAX_REFUSALS)
    refusals.push({ rule: 'endpoint', message: `${refused} endpoints in all are refused` })
  return { value: { ...spec, endpoints }, refusals }
}

function objectionToFrame(spec: ExportedEndpointsSpec): string | undefined {
  if (typeof spec !== 'object' || spec === null) return 'there is no spec'
  const { addressType, ports, endpoints } = spec
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return 'addressType is not IPv4 or IPv6'
  if (!Array.isArray(endpoints) || endpoints.length > MAX_ENDPOINTS)
    return `endpoints is not a list of at most ${MAX_ENDPOINTS}`
  if (!Array.isArray(ports) || ports.length > MAX_PORTS) return `ports is not a list of at most ${MAX_PORTS}`
  const names = new Set<string>()
  for (const port of ports) {
    if (!isPortName(port?.name) || names.has(port.name)) return 'a port name is malformed or there twice'
    if (!isPortNumber(port.port)) return 'a port is not between 1 and 65535'
    if (!['TCP', 'UDP', 'SCTP'].includes(port.protocol)) return 'a protocol is unknown'
    const { appProtocol } = port
    if (appProtocol !== undefined && !(typeof appProtocol === 'string' && isQualifiedName(appProtocol)))
      return 'an appProtocol is not a qualified name'
    names.add(port.name)
  }
  return undefined
}

function objectionToEndpoint(endpoint: ExportedEndpoint, spec: ExportedEndpointsSpec): string | undefined {
  const { addresses, ready, serving, terminating, hostname, zone, nodeName } = endpoint ?? {}
  // Consumers use the first address; the API allows up to 100 for history's sake.
  if (!Array.isArray(addresses) || addresses.length < 1 || addresses.length > 100)
    return 'an endpoint has no list of addresses'
  for (const address of addresses) {
    const why = refusedAddress(address, spec.addressType)
    if (why !== undefined) return `address ${JSON.stringify(address)?.slice(0, 60)} ${why}`
  }
  // What is neither true nor false would have the API server refuse the whole slice.
  if ([ready, serving, terminating].some(condition => typeof condition !== 'boolean'))
    return 'ready, serving or terminating is neither true nor false'
  if (hostname !== undefined && !isDNSLabel(hostname)) return 'a hostname is not a DNS label'
  if (zone !== undefined && !isLabelValue(zone)) return 'a zone is not a label value'
  if (nodeName !== undefined && !(typeof nodeName === 'string' && nodeName.length <= MAX_NODE_NAME))
    return 'a nodeName is malformed'
  return undefined
}
