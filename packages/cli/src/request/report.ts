import { printable } from '../terminal/printable.ts'
import { table } from '../terminal/table.ts'
import type { Tally } from './tally.ts'

/** The tally for people. */
export function reportText(tally: Tally, from: string, url: string, seconds: number): string {
  const { requests, answered, failed, addresses, clusters, pods, errors, latencyMs } = tally
  const plural = requests === 1 ? 'request' : 'requests'
  const to =
    addresses.length === 0 ? '' : ` (${addresses.slice(0, 4).join(', ')}${addresses.length > 4 ? ', …' : ''})`
  const share = (count: number) => `${((100 * count) / answered).toFixed(1)} %`
  const sections = [
    [`${requests} ${plural} from ${from} to ${url}${to} in ${seconds.toFixed(2)} s`],
    answered === 0
      ? []
      : table(
          ['CLUSTER', 'POD', 'ANSWERS', 'SHARE'],
          [
            ...pods.map(({ cluster, pod, answers }) => [cluster, pod, answers, share(answers)]),
            ...Object.entries(clusters).map(([cluster, count]) => [cluster, '(all)', count, share(count)]),
          ],
          ['ANSWERS', 'SHARE'],
        ),
    failed === 0
      ? []
      : [`${failed} failed:`, ...Object.entries(errors).map(([kind, count]) => `  ${count} × ${kind}`)],
    answered === 0
      ? []
      : [
          `latency  p50 ${milliseconds(latencyMs.p50)}  p99 ${milliseconds(latencyMs.p99)}  max ${milliseconds(latencyMs.max)}`,
        ],
  ]
  const filled = sections.filter(lines => lines.length > 0)
  return printable(`${filled.map(lines => lines.join('\n')).join('\n\n')}\n`)
}

function milliseconds(time: number | null): string {
  return time === null ? '-' : `${time.toFixed(time < 10 ? 2 : 1)} ms`
}
