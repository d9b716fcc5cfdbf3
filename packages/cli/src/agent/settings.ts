/** The settings of an agent: what each is called as a flag, as an environment variable and in the file. */
import {
  choice,
  domains,
  type ListenAddress,
  label,
  listenAddress,
  Mistake,
  onOrOff,
  type PeerSettings,
  path,
  peers,
  type ReadOptions,
  rules,
  text,
  unknownKey,
} from './values.ts'

export interface AgentSettings {
  /** Unset, and the ClusterSet's name: as the cluster joined. */
  clusterId: string | undefined
  clusterset: string | undefined
  /** Unset: kubectl's rules. */
  kubeconfig: string | undefined
  context: string | undefined
  peers: PeerSettings[]
  /** Unset, and the other: as it was installed. */
  agentNamespace: string | undefined
  exchangeNamespace: string | undefined
  /** Beside those that nobody takes. */
  reservedPrefixes: string[]
  /** As core reads it, checked when the agent starts. Unset: as the ClusterSet says. */
  lostMemberPolicy: string | undefined
  lostMemberProbes: 'on' | 'off'
  /** `auto`: {@link USUAL_HEALTH}, or any free port of this machine where another agent has that one. */
  health: ListenAddress | 'off' | 'auto'
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** `auto`: text on a terminal, else JSON. */
  logFormat: 'auto' | 'text' | 'json'
}

export const USUAL_HEALTH: ListenAddress = { host: '127.0.0.1', port: 9080 }

interface Setting<Value> {
  readonly flags: string
  readonly variable: string
  readonly description: string
  readonly fallback: Value
  readonly read: (value: unknown, options: ReadOptions) => Value
}

export const SETTINGS: { readonly [Key in keyof AgentSettings]: Setting<AgentSettings[Key]> } = {
  clusterId: {
    flags: '--cluster-id <id>',
    variable: 'ISTHMUS_CLUSTER_ID',
    description: 'id of this cluster in the ClusterSet, an RFC 1123 label (default: as it joined)',
    fallback: undefined,
    read: label,
  },
  clusterset: {
    flags: '--clusterset <name>',
    variable: 'ISTHMUS_CLUSTERSET',
    description: 'name of the ClusterSet, the same in all members (default: as it joined)',
    fallback: undefined,
    read: label,
  },
  kubeconfig: {
    flags: '--kubeconfig <file>',
    variable: 'ISTHMUS_KUBECONFIG',
    description:
      "kubeconfig of this cluster (default: as kubectl: $KUBECONFIG, ~/.kube/config, the pod's own)",
    fallback: undefined,
    read: path,
  },
  context: {
    flags: '--context <name>',
    variable: 'ISTHMUS_CONTEXT',
    description: 'context in it (default: the current one)',
    fallback: undefined,
    read: text,
  },
  peers: {
    flags: '--peer <id=file#context>',
    variable: 'ISTHMUS_PEERS',
    description:
      'another member and how to reach it, where there is no registry; once for each. Without a path: this kubeconfig',
    fallback: [],
    read: peers,
  },
  agentNamespace: {
    flags: '--agent-namespace <name>',
    variable: 'ISTHMUS_AGENT_NAMESPACE',
    description: 'namespace in which the agent keeps its links (default: as it was installed)',
    fallback: undefined,
    read: label,
  },
  exchangeNamespace: {
    flags: '--exchange-namespace <name>',
    variable: 'ISTHMUS_EXCHANGE_NAMESPACE',
    description: 'namespace in which it publishes for its peers (default: as it was installed)',
    fallback: undefined,
    read: label,
  },
  reservedPrefixes: {
    flags: '--reserved-prefixes <domains>',
    variable: 'ISTHMUS_RESERVED_PREFIXES',
    description:
      'prefixes of exported labels and annotations that are not taken here, between commas, beside kubernetes.io and others that steer controllers',
    fallback: [],
    read: domains,
  },
  lostMemberPolicy: {
    flags: '--lost-member-policy <rules>',
    variable: 'ISTHMUS_LOST_MEMBER_POLICY',
    description:
      'what becomes of a member that is lost, for each way to be so: keep, notReady or remove, and after how long (default: as the ClusterSet says, else controlPlaneLost=keep,endpointsLost=notReady:30s,gone=remove:24h)',
    fallback: undefined,
    read: rules,
  },
  lostMemberProbes: {
    flags: '--lost-member-probes <on-or-off>',
    variable: 'ISTHMUS_LOST_MEMBER_PROBES',
    description:
      'whether a few endpoints of each member are probed by TCP, to know whether those of a lost one answer',
    fallback: 'off',
    read: onOrOff,
  },
  health: {
    flags: '--health <host:port>',
    variable: 'ISTHMUS_HEALTH',
    description:
      'where /healthz, /readyz and /metrics are served; off; or auto: 127.0.0.1:9080, else any free port',
    fallback: 'auto',
    read: value => (value === 'auto' ? value : listenAddress(value)),
  },
  logLevel: {
    flags: '--log-level <level>',
    variable: 'ISTHMUS_LOG_LEVEL',
    description: 'debug, info, warn or error',
    fallback: 'info',
    read: choice('debug', 'info', 'warn', 'error'),
  },
  logFormat: {
    flags: '--log-format <format>',
    variable: 'ISTHMUS_LOG_FORMAT',
    description: 'json, text, or auto: text on a terminal',
    fallback: 'auto',
    read: choice('auto', 'text', 'json'),
  },
}

export type SettingKey = keyof AgentSettings
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[]

/** What was given, from the strongest source to the weakest. */
export interface SettingSources {
  readonly flags: Readonly<Partial<Record<SettingKey, unknown>>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly file?: {
    readonly name: string
    readonly folder: string
    readonly content: Readonly<Record<string, unknown>>
  }
  /** Where relative paths in flags and variables start. */
  readonly cwd: string
}

/** The settings that hold, or one sentence for each mistake. */
export function resolveSettings(
  sources: SettingSources,
): { settings: AgentSettings } | { mistakes: string[] } {
  const mistakes: string[] = []
  const values: Partial<Record<SettingKey, unknown>> = {}
  for (const key of Object.keys(sources.file?.content ?? {})) {
    if (!(SETTING_KEYS as string[]).includes(key)) {
      mistakes.push(`${sources.file?.name} has no setting ${unknownKey(key, SETTING_KEYS)}`)
    }
  }
  for (const key of SETTING_KEYS) {
    const { read, fallback } = SETTINGS[key]
    const given = strongest(key, sources)
    if (given === undefined) {
      values[key] = fallback
      continue
    }
    try {
      values[key] = read(given.value, given)
    } catch (error) {
      if (!(error instanceof Mistake)) throw error
      mistakes.push(`${given.origin}: ${error.message}`)
    }
  }
  const settings = values as unknown as AgentSettings
  mistakes.push(...peerMistakes(settings))
  return mistakes.length > 0 ? { mistakes } : { settings }
}

interface Given extends ReadOptions {
  value: unknown
  /** For messages: `--cluster-id`, `ISTHMUS_CLUSTER_ID`, `clusterId in agent.yaml`. */
  origin: string
}

function strongest(key: SettingKey, { flags, env, file, cwd }: SettingSources): Given | undefined {
  const { variable } = SETTINGS[key]
  if (flags[key] !== undefined) return { value: flags[key], origin: flagName(key), folder: cwd }
  if (env[variable]) return { value: env[variable], origin: variable, folder: cwd }
  const value = file?.content[key]
  if (file === undefined || value === undefined || value === null) return undefined
  return { value, origin: `${key} in ${file.name}`, folder: file.folder }
}

function peerMistakes({ clusterId, peers = [] }: Partial<AgentSettings>): string[] {
  const mistakes: string[] = []
  const seen = new Set<string>()
  for (const peer of peers) {
    if (peer.clusterId === clusterId) {
      mistakes.push(`"${clusterId}" is this cluster's own id, and cannot be the id of a peer as well`)
    } else if (seen.has(peer.clusterId)) {
      mistakes.push(`two peers have the id "${peer.clusterId}"; each member of a ClusterSet has its own`)
    }
    seen.add(peer.clusterId)
  }
  return mistakes
}

/** `--cluster-id`. */
export function flagName(key: SettingKey): string {
  return SETTINGS[key].flags.split(' ', 1)[0] ?? ''
}
