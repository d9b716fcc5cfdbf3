/** What `isthmus up` shows of a running playground. Pure: from a snapshot to lines. */
import type { LinkStatus } from '@isthmus/agent'
import type { ClusterSnapshot, ImportSnapshot, PlaygroundSnapshot, ReadyCount } from '@isthmus/playground'
import { endpointsText, ratio, section } from '../terminal/status-tables.ts'
import { table } from '../terminal/table.ts'

/** The whole status, as tables. `now` in milliseconds since the epoch. */
export function statusLines({ clusters }: PlaygroundSnapshot, now: number): string[] {
  const imports = clusters.flatMap(cluster =>
    cluster.imports.map(entry => ({ cluster: cluster.name, entry })),
  )
  const links = clusters.flatMap(cluster => cluster.links.map(link => ({ reader: cluster.name, link })))
  return [
    ...table(
      ['CLUSTER', 'STATE', 'PODS', 'EXPORTS', 'IMPORTS', 'API SERVER', 'DNS'],
      clusters.map(cluster => [
        cluster.name,
        clusterState(cluster),
        ratio(cluster.pods),
        ratio(countReady(cluster.exports)),
        ratio(countReady(cluster.imports)),
        cluster.server ?? '-',
        cluster.dns === undefined ? '-' : `${cluster.dns.address}:${cluster.dns.port}`,
      ]),
    ),
    '',
    ...section(
      ['IMPORT', 'IN', 'CLUSTERSETIP', 'STATE', 'READY ENDPOINTS'],
      imports
        .sort((a, b) => (a.entry.key < b.entry.key ? -1 : Number(a.entry.key > b.entry.key)))
        .map(({ cluster, entry }) => [
          entry.key,
          cluster,
          entry.ips.join(', ') || '-',
          importState(entry),
          endpointsText(entry.endpoints),
        ]),
      'Nothing is imported.',
    ),
    '',
    ...section(
      ['LINK', 'STATE', 'SERVICES', 'LAST CONTACT'],
      links.map(({ reader, link }) => [
        `${reader} reads ${link.clusterId}`,
        linkState(link),
        link.services,
        link.lastContact === undefined ? 'never' : ago(now - link.lastContact),
      ]),
      'There are no links.',
    ),
    ...clusters.flatMap(problemsOf),
  ]
}

/**
 * What changed from one snapshot to the next, a sentence each. What is gone with a cluster that stopped is
 * not told: the cluster is.
 */
export function changes(before: PlaygroundSnapshot | undefined, now: PlaygroundSnapshot): string[] {
  const known = factsOf(before?.clusters ?? [])
  const facts = factsOf(now.clusters)
  const changed = [...facts].filter(([about, { words }]) => known.get(about)?.words !== words)
  const running = new Set(now.clusters.filter(({ state }) => state === 'running').map(({ name }) => name))
  const gone = [...known].filter(([about, { cluster }]) => !facts.has(about) && running.has(cluster))
  return [
    ...changed.map(([about, { words }]) => `${about}: ${words}`),
    ...gone.map(([about]) => `${about}: gone`),
  ]
}

/** One thing that is true of a playground, in words, by what it is about. */
type Facts = Map<string, { readonly cluster: string; readonly words: string }>

function factsOf(clusters: readonly ClusterSnapshot[]): Facts {
  const facts: Facts = new Map()
  for (const cluster of clusters) {
    const { name } = cluster
    const [reason, ...more] = reasonsOf(cluster)
    const why = reason === undefined ? '' : `: ${reason}${more.length > 0 ? ` and ${more.length} more` : ''}`
    facts.set(`cluster ${name}`, { cluster: name, words: clusterState(cluster) + why })
    for (const entry of cluster.imports) {
      const ips = entry.ips.length === 0 ? '' : ` at ${entry.ips.join(', ')}`
      const words = `${importState(entry)}${ips}; ready endpoints: ${endpointsText(entry.endpoints)}`
      facts.set(`import ${entry.key} in ${name}`, { cluster: name, words })
    }
    for (const link of cluster.links) {
      facts.set(`link ${name} reads ${link.clusterId}`, { cluster: name, words: linkState(link) })
    }
  }
  return facts
}

function clusterState({ state, ready }: ClusterSnapshot): string {
  if (state !== 'running') return state
  return ready ? 'ready' : 'not ready'
}

/** Of a cluster that should work and does not. */
function reasonsOf({ state, reasons }: ClusterSnapshot): readonly string[] {
  return state === 'running' ? reasons : []
}

function problemsOf(cluster: ClusterSnapshot): string[] {
  const reasons = reasonsOf(cluster)
  return reasons.length === 0
    ? []
    : ['', `${cluster.name} is not ready:`, ...reasons.map(reason => `  ${reason}`)]
}

function importState({ ready, reason }: ImportSnapshot): string {
  return ready ? 'Ready' : reason
}

function linkState({ state, reason }: LinkStatus): string {
  return reason === undefined ? state : `${state}: ${reason}`
}

function countReady(entries: readonly { readonly ready: boolean }[]): ReadyCount {
  return { ready: entries.filter(({ ready }) => ready).length, total: entries.length }
}

/** Coarse, so that the view does not change more often than a person can read it. */
function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 10) return 'just now'
  return seconds < 90 ? `${seconds - (seconds % 10)} s ago` : `${Math.floor(seconds / 60)} min ago`
}
