import type { Protocol, ServiceImportPort } from '@isthmus/api'
import type { MemberExport } from './exports.ts'

/** A port of the import, with the name that ServiceImport, derived Service and slices all use. */
export interface MergedPort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly appProtocol?: string
}

/**
 * The union of ports, exports in order of precedence: by name first, then by (protocol, port); neither
 * occurs twice (KEP-1645, Service port). An unnamed port among several gets a name, as a Service with
 * several ports must name them all.
 */
export function unionOfPorts(exports: readonly MemberExport[]): readonly MergedPort[] {
  const union: MergedPort[] = []
  for (const { spec } of exports) {
    for (const port of spec.ports) {
      const name = port.name ?? ''
      if (union.some(other => other.name === name || isSamePort(other, port))) continue
      union.push(mergedPort(name, port))
    }
  }
  return union.length > 1 ? union.map(port => (port.name === '' ? named(port, union) : port)) : union
}

/** How a member's own port names map to those of the import; a port that is not in it carries no traffic of this member. */
export function contributedPorts(
  ports: readonly MergedPort[],
  memberExport: MemberExport,
): ReadonlyMap<string, MergedPort> {
  const contributed = new Map<string, MergedPort>()
  for (const port of memberExport.spec.ports) {
    const merged = ports.find(candidate => isSamePort(candidate, port))
    if (merged !== undefined) contributed.set(port.name ?? '', merged)
  }
  return contributed
}

/** Whether two exports have the same set of ports, in any order. */
export function samePorts(a: readonly ServiceImportPort[], b: readonly ServiceImportPort[]): boolean {
  return a.length === b.length && a.every(port => b.some(other => isEqualPort(port, other)))
}

/** Whether two ports are one as traffic sees them: (protocol, port). */
export function isSamePort(a: ServiceImportPort, b: ServiceImportPort): boolean {
  return a.port === b.port && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP')
}

function isEqualPort(a: ServiceImportPort, b: ServiceImportPort): boolean {
  return isSamePort(a, b) && (a.name ?? '') === (b.name ?? '') && a.appProtocol === b.appProtocol
}

function mergedPort(name: string, port: ServiceImportPort): MergedPort {
  return {
    name,
    protocol: port.protocol ?? 'TCP',
    port: port.port,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  }
}

/** `<protocol>-<port>`, lower case; where another port has taken that name, with a number behind it. */
function named(port: MergedPort, union: readonly MergedPort[]): MergedPort {
  const base = `${port.protocol.toLowerCase()}-${port.port}`
  let name = base
  for (let n = 2; union.some(other => other.name === name); n++) name = `${base}-${n}`
  return { ...port, name }
}
