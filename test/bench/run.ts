/**
 * The bench: figures, each beside something that is measured in the same run.
 *
 *     npm run bench                                   all, on embedded API servers
 *     npm run bench -- propagation restart            some
 *     npm run bench -- --kubeconfig K --contexts a,b,c   on real clusters
 *     npm run bench -- --scale 0.1 --json result.json
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { FIGURES } from './figures/index.ts'
import { embeddedClusters, givenClusters } from './lab/clusters.ts'
import type { Row } from './lab/figure.ts'
import { machine, table } from './lab/report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kubeconfig: { type: 'string' },
    contexts: { type: 'string' },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
    help: { type: 'boolean' },
  },
})
const scale = Number(values.scale)
const unknown = positionals.filter(name => !FIGURES.some(figure => figure.name === name))
if (values.help === true || unknown.length > 0 || !(scale > 0 && scale <= 1)) {
  if (unknown.length > 0) console.error(`There is no figure ${unknown.join(', ')}.\n`)
  console.error(
    'npm run bench -- [figure ...] [--kubeconfig file --contexts a,b,c] [--scale 0.1] [--json file]\n',
  )
  for (const { name, summary } of FIGURES) console.error(`  ${name.padEnd(12)} ${summary}`)
  process.exit(values.help === true ? 0 : 2)
}

const rows: Row[] = []
const { kubeconfig, contexts } = values
for (const figure of FIGURES) {
  if (positionals.length > 0 && !positionals.includes(figure.name)) continue
  if (kubeconfig !== undefined && !figure.real) {
    console.error(`${figure.name}: only on embedded API servers`)
    continue
  }
  const clusters =
    kubeconfig === undefined ? embeddedClusters() : givenClusters(kubeconfig, contexts?.split(',') ?? [])
  const progress = (text: string) => console.error(`${figure.name}: ${text}`)
  try {
    rows.push(...(await figure.run({ clusters, scale, progress })))
  } finally {
    await clusters.close()
  }
}
console.log(table(rows))
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify({ machine: machine(), scale, rows }, null, 2)}\n`)
