/** What `isthmus up` shows of a running playground. Pure: from statuses to lines. */
import type { AgentStatus, LinkStatus } from '@isthmus/agent'
import { table } from '../terminal/table.ts'

export interface MemberView {
  readonly name: string
  readonly server: string
  /** `127.0.0.1:5301`. */
  readonly dns: string
  /** Unset while the cluster is stopped. */
  readonly status?: AgentStatus | undefined
}

/** The whole status, as tables. `now` in milliseconds since the epoch. */
export function statusLines(members: readonly MemberView[], now: number): string[] {
  const running = members.flatMap(({ name, status }) => (status === undefined ? [] : [{ name, status }]))
  const imports = running.flatMap(({ name, status }) => status.imports.map(entry => ({ ...entry, in: name })))
  const links = running.flatMap(({ name, status }) => status.links.map(link => ({ reader: name, link })))
  return [
    ...table(
      ['CLUSTER', 'STATE', 'API SERVER', 'DNS', 'EXPORTS', 'IMPORTS'],
      members.map(({ name, server, dns, status }) => [
        name,
        memberState(status),
        server,
        dns,
        status === undefined ? '-' : ratio(status.exports),
        status === undefined ? '-' : ratio(status.imports),
      ]),
    ),
    '',
    ...section(
      ['IMPORT', 'IN', 'CLUSTERSETIP', 'STATE', 'FROM'],
      imports
        .sort((a, b) => a.key.localeCompare(b.key))
        .map(({ key, in: cluster, ips, ready, reason, clusters }) => [
          key,
          cluster,
          ips.join(', ') || '-',
          ready ? 'Ready' : reason,
          clusters.join(', ') || '-',
        ]),
      'no imports: nothing is exported',
    ),
    ...section(
      ['LINK', 'STATE', 'SERVICES', 'LAST CONTACT'],
      links.map(({ reader, link }) => [
        `${reader} reads ${link.clusterId}`,
        linkState(link),
        link.services,
        link.lastContact === undefined ? 'never' : `${ago(now - link.lastContact)} ago`,
      ]),
      'no links: a single cluster runs',
    ),
  ]
}

/** The same as sentences, by what they are about: a line is printed when its sentence changes. */
export function statusFacts(members: readonly MemberView[]): Map<string, string> {
  const facts = new Map<string, string>()
  for (const { name, status } of members) {
    facts.set(`member ${name}`, `cluster ${name}: ${memberState(status)}`)
    for (const { key, ready, reason, ips, clusters } of status?.imports ?? []) {
      const state = ready ? 'Ready' : reason
      const from = clusters.length > 0 ? ` from ${clusters.join(', ')}` : ''
      facts.set(
        `import ${name} ${key}`,
        `import ${key} in ${name}: ${state}${from}${ips.length > 0 ? ` at ${ips.join(', ')}` : ''}`,
      )
    }
    for (const link of status?.links ?? []) {
      facts.set(`link ${name} ${link.clusterId}`, `link ${name} reads ${link.clusterId}: ${linkState(link)}`)
    }
  }
  return facts
}

/** One line for each fact that is new, other than before, or gone. */
export function changedFacts(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): string[] {
  const gone = [...before]
    .filter(([about]) => !now.has(about))
    .map(([, fact]) => `${fact.split(': ', 1)[0]}: gone`)
  return [...[...now].filter(([about, fact]) => before.get(about) !== fact).map(([, fact]) => fact), ...gone]
}

function section(headings: string[], rows: (string | number)[][], none: string): string[] {
  return [...(rows.length === 0 ? [none] : table(headings, rows)), '']
}

function memberState(status: AgentStatus | undefined): string {
  if (status === undefined) return 'stopped'
  return status.ready ? 'ready' : `starting${status.reasons[0] === undefined ? '' : `: ${status.reasons[0]}`}`
}

function linkState({ state, reason }: LinkStatus): string {
  return reason === undefined ? state : `${state}: ${reason}`
}

function ratio(entries: readonly { readonly ready: boolean }[]): string {
  return `${entries.filter(({ ready }) => ready).length}/${entries.length}`
}

/** Coarse, so that the view changes no more often than a person can read it. */
function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 10) return 'moments'
  return seconds < 90 ? `${seconds - (seconds % 10)} s` : `${Math.floor(seconds / 60)} min`
}
