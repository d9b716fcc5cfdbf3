/** An explanation as a tree, a line for each step. Pure. What came from clusters is made printable; colours are ours. */
import { type Explanation, type Finding, keyOf, type Section, type StepName } from '@isthmus/core'
import { type Paint, paint } from '../terminal/paint.ts'
import { printable } from '../terminal/printable.ts'

const MARKS = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  broken: ['✗', 'red'],
  unknown: ['?', 'yellow'],
} as const

const TITLES: Readonly<Record<StepName, string>> = {
  context: 'context',
  member: 'member',
  service: 'Service',
  endpoints: 'endpoints',
  'service-export': 'ServiceExport',
  conflicts: 'conflicts',
  agent: 'agent',
  record: 'record',
  index: 'index',
  link: 'link to',
  refusals: 'accepts from',
  namespace: 'namespace',
  names: 'names',
  'derived-service': 'derived Service',
  slices: 'slices of',
  'service-import': 'ServiceImport',
  dns: 'DNS answer',
  connect: 'TCP connect',
}

/** Ends with a newline. */
export function explanationText(explanation: Explanation, colours: boolean): string {
  const style = paint(colours)
  const { firstBroken, sections, domainName } = explanation
  const lines = [
    `${keyOf(explanation)}, called as ${domainName}`,
    ...sections.flatMap(section => ['', ...sectionLines(section, firstBroken, style)]),
    '',
    ...(firstBroken === null
      ? [verdictOf(explanation, style), ...warningLines(explanation, style)]
      : wayOutLines(firstBroken, style)),
  ]
  return `${lines.join('\n')}\n`
}

function sectionLines(
  { role, cluster, context, findings }: Section,
  first: Finding | null,
  style: Paint,
): string[] {
  const heading =
    role === 'contexts' ? 'contexts' : `${role === 'export' ? 'export from' : 'import into'} ${cluster}`
  const where = context === undefined || context === '' || context === cluster ? '' : ` (context ${context})`
  const titles = findings.map(titleOf)
  const width = Math.max(0, ...titles.map(title => title.length))
  return [
    style('bold', printable(heading + where)),
    ...findings.map((finding, n) => {
      const [mark, colour] = MARKS[finding.state]
      const text = printable(`${(titles[n] ?? '').padEnd(width)}  ${wordsOf(finding)}`)
      const line = `${style(colour, mark)} ${finding === first ? style('bold', text) : text}`
      return `  ${line}`
    }),
  ]
}

function titleOf({ step, peer }: Finding): string {
  return peer === undefined ? TITLES[step] : `${TITLES[step]} ${peer}`
}

function wordsOf(finding: Finding): string {
  return finding.state === 'unknown' ? finding.why : finding.what
}

function wayOutLines(finding: Finding, style: Paint): string[] {
  if (finding.state !== 'broken') return []
  const { sentence, command } = finding.wayOut
  const where = finding.cluster === undefined ? ` ${finding.context}` : `, in ${finding.cluster}`
  return [
    style('red', `✗ first broken step: ${printable(`${titleOf(finding)}${where}`)}`),
    `  ${printable(finding.what)}`,
    '',
    `  What to do next: ${printable(sentence)}`,
    ...(command === undefined ? [] : ['', `    ${printable(command)}`]),
  ]
}

/** What to do about what works, and perhaps not for long: where there is a command for it. */
function warningLines({ sections }: Explanation, style: Paint): string[] {
  return sections
    .flatMap(({ findings }) => findings)
    .flatMap(finding => {
      if (finding.state !== 'warning' || finding.wayOut?.command === undefined) return []
      const { sentence, command } = finding.wayOut
      const where = finding.cluster === undefined ? ` ${finding.context}` : `, in ${finding.cluster}`
      return [
        '',
        `${style('yellow', '!')} ${printable(`${titleOf(finding)}${where}: ${sentence}`)}`,
        '',
        `    ${printable(command)}`,
      ]
    })
}

function verdictOf({ sections }: Explanation, style: Paint): string {
  const unknown = sections
    .flatMap(({ findings }) => findings)
    .filter(({ state }) => state === 'unknown').length
  const rest = unknown === 0 ? '' : `; ${unknown} ${unknown === 1 ? 'step is' : 'steps are'} not known`
  return style('green', `✓ nothing is broken${rest}`)
}
