/** A ClusterSet at a glance, as tables. Pure. `now`: milliseconds since the epoch. */
import { duration } from '@isthmus/core'
import { endpointsText, ratio, section } from '../terminal/status-tables.ts'
import { table } from '../terminal/table.ts'
import type { LinkRow, Overview } from './overview.ts'

export function overviewLines(overview: Overview, now: number): string[] {
  return [...tableLines(overview, now), '', ...problemLines(overview)]
}

/** What is wrong, or that nothing is. */
export function problemLines({ problems, conflicts }: Overview): string[] {
  if (problems.length > 0) {
    const told = problems.slice(0, MAX_ROWS).map(problem => `  ${problem}`)
    return ['Wrong:', ...told, ...more(problems.length - told.length)]
  }
  return [conflicts.length === 0 ? 'All is well.' : 'Nothing is broken; exports disagree.']
}

export function tableLines(overview: Overview, now: number): string[] {
  const { members, links, conflicts } = overview
  const exports = glance(overview.exports)
  const imports = glance(overview.imports)
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
      exports.rows.map(({ key, cluster, state }) => [key, cluster, state]),
      'Nothing is exported.',
    ),
    ...more(exports.left),
    '',
    ...section(
      ['IMPORT', 'IN', 'CLUSTERSETIP', 'STATE', 'READY ENDPOINTS'],
      imports.rows.map(({ key, cluster, type, ips, state, endpoints }) => [
        key,
        cluster,
        type === 'Headless' ? 'headless' : ips.join(', ') || '-',
        state,
        endpointsText(endpoints),
      ]),
      'Nothing is imported.',
    ),
    ...more(imports.left),
    ...(conflicts.length === 0
      ? []
      : [
          '',
          ...table(
            ['CONFLICT', 'REASON', 'CLUSTERS'],
            conflicts.map(({ key, reason, clusters }) => [key, reason, clusters.join(', ')]),
          ),
        ]),
  ]
}

/** More rows than this are no glance. */
const MAX_ROWS = 40

/** Of many rows, those that are not well come first into what is shown; the order stays. */
function glance<T extends { readonly isWell: boolean }>(
  rows: readonly T[],
): { rows: readonly T[]; left: number } {
  const shown = new Set([...rows].sort((a, b) => Number(a.isWell) - Number(b.isWell)).slice(0, MAX_ROWS))
  return { rows: rows.filter(row => shown.has(row)), left: rows.length - shown.size }
}

function more(left: number): string[] {
  return left <= 0 ? [] : [`… and ${left} more: -o json shows all`]
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
