/** What the settings of an agent may be. Each reads a value of a flag, a variable or a file, or throws a Mistake. */
import { isAbsolute, resolve } from 'node:path'
import { didYouMean } from '../did-you-mean.ts'

/** What is wrong with a value, to be read after its name: `"East" is not …`. */
export class Mistake extends Error {}

/** Where relative paths of a value start. */
export interface ReadOptions {
  readonly folder: string
}

export interface PeerSettings {
  readonly clusterId: string
  /** Unset: as for the own cluster. */
  readonly kubeconfig?: string
  readonly context?: string
  readonly exchangeNamespace?: string
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABEL_WORDS =
  'one RFC 1123 label: at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends'

export function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Mistake(`${show(value)} is not a text`)
  return value
}

/** A label of DNS: what a cluster id, the name of a ClusterSet and the name of a namespace are. */
export function label(value: unknown): string {
  // YAML reads an id such as 1 as a number.
  const name = typeof value === 'number' ? String(value) : text(value)
  if (name.length > 63)
    throw new Mistake(`${show(name)} has ${name.length} characters; it must be ${LABEL_WORDS}`)
  if (!LABEL.test(name)) {
    const lower = name.toLowerCase().replaceAll(/[._]/g, '-')
    const hint = LABEL.test(lower) ? `, such as "${lower}"` : ''
    throw new Mistake(`${show(name)} is not ${LABEL_WORDS}${hint}`)
  }
  return name
}

export function path(value: unknown, { folder }: ReadOptions): string {
  const file = text(value)
  return isAbsolute(file) ? file : resolve(folder, file)
}

export function choice<Name extends string>(...names: readonly Name[]) {
  return (value: unknown): Name => {
    const found = names.find(name => name === value)
    if (found === undefined) throw new Mistake(`${show(value)} is not one of ${names.join(', ')}`)
    return found
  }
}

/** `127.0.0.1:9080`, `[::1]:9080`, `:9080` for all addresses, or `off`. */
export function listenAddress(value: unknown): ListenAddress | 'off' {
  if (value === 'off' || value === false) return 'off'
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(typeof value === 'string' ? value : '')
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new Mistake(`${show(value)} is not an address with a port, such as 127.0.0.1:9080, nor off`)
  }
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

/** A list of DNS names. A text has several between commas. */
export function domains(value: unknown): string[] {
  const list = typeof value === 'string' ? value.split(',').map(part => part.trim()) : value
  if (!Array.isArray(list)) throw new Mistake(`${show(value)} is not a list of domains`)
  return list
    .filter(part => part !== '')
    .map(part => {
      if (typeof part === 'string' && part.split('.').every(name => LABEL.test(name))) return part
      throw new Mistake(`${show(part)} is not a domain, such as example.com`)
    })
}

/** `on` or `off`; YAML reads them as they are, and `true` and `false` too. */
export function onOrOff(value: unknown): 'on' | 'off' {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return choice('on', 'off')(value)
}

/** `name=value,name=value`, or a map of the same. */
export function rules(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return text(value)
  return Object.entries(value)
    .map(([name, rule]) => `${name}=${text(rule)}`)
    .join(',')
}

/** A list of `ID=KUBECONFIG#CONTEXT`, or of maps with the same parts. A text has several between commas. */
export function peers(value: unknown, options: ReadOptions): PeerSettings[] {
  const list = typeof value === 'string' ? value.split(',').map(part => part.trim()) : value
  if (!Array.isArray(list)) throw new Mistake(`${show(value)} is not a list of peers`)
  return list
    .filter(part => part !== '')
    .map(part => (typeof part === 'string' ? peer(part, options) : peerOf(part, options)))
}

/** `b=/path/to/kubeconfig#context`; without a path, the kubeconfig of the own cluster. */
function peer(value: string, options: ReadOptions): PeerSettings {
  const equals = value.indexOf('=')
  if (equals <= 0)
    throw new Mistake(`"${value}" is not a peer: give ID=KUBECONFIG#CONTEXT, such as b=clusters.yaml#b`)
  const clusterId = label(value.slice(0, equals))
  const target = value.slice(equals + 1)
  const hash = target.lastIndexOf('#')
  const file = hash === -1 ? target : target.slice(0, hash)
  const context = hash === -1 ? '' : target.slice(hash + 1)
  if (file === '' && context === '')
    throw new Mistake(`"${value}" names neither a kubeconfig nor a context for ${clusterId}`)
  return {
    clusterId,
    ...(file === '' ? {} : { kubeconfig: path(file, options) }),
    ...(context === '' ? {} : { context }),
  }
}

const PEER_KEYS = ['clusterId', 'kubeconfig', 'context', 'exchangeNamespace']

function peerOf(value: unknown, options: ReadOptions): PeerSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Mistake(`${show(value)} is not a peer`)
  const fields = value as Record<string, unknown>
  for (const key of Object.keys(fields)) {
    if (!PEER_KEYS.includes(key)) throw new Mistake(`a peer has no ${unknownKey(key, PEER_KEYS)}`)
  }
  if (fields.clusterId === undefined) throw new Mistake(`${show(value)} has no clusterId`)
  const { clusterId, kubeconfig, context, exchangeNamespace } = fields
  if (kubeconfig === undefined && context === undefined) {
    throw new Mistake(`peer ${show(clusterId)} names neither a kubeconfig nor a context`)
  }
  return {
    clusterId: label(clusterId),
    ...(kubeconfig === undefined ? {} : { kubeconfig: path(kubeconfig, options) }),
    ...(context === undefined ? {} : { context: text(context) }),
    ...(exchangeNamespace === undefined ? {} : { exchangeNamespace: label(exchangeNamespace) }),
  }
}

/** `"clusterID" (did you mean clusterId?)`. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known)
  return `"${key}" (${meant === undefined ? `it knows ${known.join(', ')}` : `did you mean ${meant}?`})`
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
