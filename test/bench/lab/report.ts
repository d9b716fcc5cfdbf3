import { cpus, totalmem } from 'node:os'
import { isMet, type Row, ratioOf } from './figure.ts'

const number = (value: number): string =>
  Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en')
    : value.toLocaleString('en', { maximumSignificantDigits: 3 })

/** A Markdown table, which is readable in a terminal too. */
export function table(rows: readonly Row[]): string {
  const head = ['figure', 'what', 'measured', 'beside', 'ratio', 'target', '']
  const lines = rows.map(row => {
    const ratio = ratioOf(row)
    const met = isMet(row)
    return [
      row.figure,
      row.what,
      `${number(row.value)} ${row.unit}`,
      row.baseline === undefined ? '' : `${number(row.baseline.value)} ${row.unit} (${row.baseline.what})`,
      ratio === undefined ? '' : number(ratio),
      row.target === undefined
        ? ''
        : 'atMost' in row.target
          ? `<= ${number(row.target.atMost)}`
          : `>= ${number(row.target.atLeast)}`,
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ]
  })
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map(cells => cells[i]?.length ?? 0)))
  const text = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [text(head), text(widths.map(width => '-'.repeat(width))), ...lines.map(text)].join('\n')
}

/** What the figures were obtained on: without it they say nothing. */
export function machine(): object {
  return {
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
    cores: cpus().length,
    processor: cpus()[0]?.model.trim(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
}
