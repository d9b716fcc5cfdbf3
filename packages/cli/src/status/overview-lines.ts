/** A ClusterSet at a glance, as tables. Pure. `now`: milliseconds since the epoch. */
import { duration } from '@isthmus/core'
import { endpointsText, ratio, section } from '../terminal/status-tables.ts'
import { table } from '../terminal/table.ts'
import type { LinkRow, Overview } from './overview.ts'

export function overviewLines(overview: Overview, now: number): string[] {
  const { members, links, exports, imports, conflicts, problems } = overview
  return [
    ...table(
      ['MEMBER', 'CLUSTERSET', 'CONTEXT', 'AGENT', 'EXPORTS', 'IMPORTS', 'API SERVER'],
      members.map(member => [
        member.cluster,
        member.clusterset,
        member.context ?? '-',
        member.agent,
        member.exports === null ? '?' : ratio(member.exports),
        member.imports === null ? '?' : ratio(member.imports),
        member.server ?? '-',
      ]),
    ),
    '',
    ...section(
      ['LINK', 'STATE', 'LAG', 'FOR'],
      links.map(link => [
        `${link.reader} reads ${link.peer}`,
        link.state,
        lagText(link),
        age(link.since, now),
      ]),
      'There are no links.',
    ),
    '',
    ...section(
      ['EXPORT', 'FROM', 'STATE'],
      exports.map(({ key, cluster, state }) => [key, cluster, state]),
      'Nothing is exported.',
    ),
    '',
    ...section(
      ['IMPORT', 'IN', 'CLUSTERSETIP', 'STATE', 'READY ENDPOINTS'],
      imports.map(({ key, cluster, type, ips, state, endpoints }) => [
        key,
        cluster,
        type === 'Headless' ? 'headless' : ips.join(', ') || '-',
        state,
        endpointsText(endpoints),
      ]),
      'Nothing is imported.',
    ),
    ...(conflicts.length === 0
      ? []
      : [
          '',
          ...table(
            ['CONFLICT', 'REASON', 'CLUSTERS'],
            conflicts.map(({ key, reason, clusters }) => [key, reason, clusters.join(', ')]),
          ),
        ]),
    '',
    ...(problems.length === 0
      ? [conflicts.length === 0 ? 'All is well.' : 'Nothing is broken; exports disagree.']
      : ['Wrong:', ...problems.map(problem => `  ${problem}`)]),
  ]
}

/** For how long, to now. */
function age(since: string | null, now: number): string {
  const then = Date.parse(since ?? '')
  return Number.isNaN(then) ? '-' : duration(now - then)
}

function lagText({ lagMs, behind }: LinkRow): string {
  if (lagMs === null) return '?'
  const time = lagMs === 0 ? 'none' : duration(lagMs)
  return behind === null || behind === 0 ? time : `${time}, ${behind} services`
}
