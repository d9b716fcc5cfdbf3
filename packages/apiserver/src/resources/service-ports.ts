import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../registry/field-error.ts'
import { label1123Errors, labelKeyErrors } from '../registry/names.ts'
import type { Service, ServicePort } from './service-spec.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function portErrors(ports: readonly ServicePort[]): FieldError[] {
  return ports.flatMap((port, i) => {
    const field = `spec.ports[${i}]`
    const names = ports.slice(0, i).map(other => other.name)
    return [
      ...nameErrors(`${field}.name`, port.name, names, ports.length > 1),
      ...portNumberErrors(`${field}.port`, port.port),
      ...protocolErrors(`${field}.protocol`, port.protocol),
      ...targetPortErrors(`${field}.targetPort`, port.targetPort),
      ...appProtocolErrors(`${field}.appProtocol`, port.appProtocol),
    ]
  })
}

/** A number may serve several protocols, not two ports of one. */
export function nodePortErrors({ spec: { type, ports = [] } }: Service): FieldError[] {
  const given = ports.flatMap(({ nodePort, protocol }, i) =>
    nodePort === undefined ? [] : [{ nodePort, protocol, field: `spec.ports[${i}].nodePort` }],
  )
  const unused = type === 'ClusterIP' ? given : []
  return [
    ...unused.map(({ field }) => forbidden(field, "may not be used when `type` is 'ClusterIP'")),
    ...given
      .filter((a, i) => given.slice(0, i).some(b => a.nodePort === b.nodePort && a.protocol === b.protocol))
      .map(({ field, nodePort }) => duplicate(field, nodePort)),
  ]
}

/** The value that is shown is the key of Kubernetes' own comparison: a port of which only two fields are set. */
export function duplicatePortErrors({ spec: { ports = [] } }: Service): FieldError[] {
  return ports.flatMap(({ protocol, port }, i) => {
    if (!ports.slice(0, i).some(other => other.port === port && other.protocol === protocol)) return []
    const key = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
    return [duplicate(`spec.ports[${i}]`, key)]
  })
}

function nameErrors(
  field: string,
  name: string | undefined,
  before: readonly (string | undefined)[],
  isRequired: boolean,
): FieldError[] {
  if (name === undefined) return isRequired ? [required(field)] : []
  return [
    ...label1123Errors(name).map(text => invalid(field, name, text)),
    ...(before.includes(name) ? [duplicate(field, name)] : []),
  ]
}

function portNumberErrors(field: string, port: number): FieldError[] {
  return port >= 1 && port <= 65535 ? [] : [invalid(field, port, 'must be between 1 and 65535, inclusive')]
}

export function protocolErrors(field: string, protocol: string | undefined): FieldError[] {
  return PROTOCOLS.includes(protocol ?? '') ? [] : [notSupported(field, protocol, PROTOCOLS)]
}

export function appProtocolErrors(field: string, value: string | undefined): FieldError[] {
  return value === undefined ? [] : labelKeyErrors(value).map(text => invalid(field, value, text))
}

function targetPortErrors(field: string, port: number | string = 0): FieldError[] {
  if (typeof port === 'number') return portNumberErrors(field, port)
  return portNameErrors(port).map(text => invalid(field, port, text))
}

/** Why a name is none for a port. */
export const portNameErrors = (name: string): string[] =>
  PORT_NAME_RULES.filter(([isValid]) => !isValid(name)).map(([, text]) => text)

/** IANA service names (RFC 6335), as Kubernetes checks them. */
const PORT_NAME_RULES: readonly [(name: string) => boolean, string][] = [
  [name => name.length <= 15, 'must be no more than 15 characters'],
  [
    name => /^[-a-z0-9]+$/.test(name),
    'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
  ],
  [name => /[a-z]/.test(name), 'must contain at least one letter (a-z)'],
  [name => !name.includes('--'), 'must not contain consecutive hyphens'],
  [name => !/^-|-$/.test(name), 'must not begin or end with a hyphen'],
]
