/**
 * Changes the endpoints of imported headless services at a steady rate, as an importer would. A process of its
 * own, so that it may give way to what is measured. Prints when it has begun, and at the end how fast it was.
 *
 *     node slice-writer.ts <kubeconfig> <changes a second> <seconds>
 */
import { ENDPOINT_SLICES } from '@isthmus/api'
import { connect, loadCredentials } from '@isthmus/kube'
import { HEADLESS_SERVICES, headlessSlice } from './headless-slice.ts'
import { steadily } from './numbers.ts'

const [kubeconfig = '', perSecond = '', seconds = ''] = process.argv.slice(2)
const client = connect(loadCredentials({ kubeconfig }))
const change = (n: number) =>
  client.update(ENDPOINT_SLICES, headlessSlice(n % HEADLESS_SERVICES, 1 + (n % 200)))

await change(0)
console.log('begun')
const began = performance.now()
const count = Number(perSecond) * Number(seconds)
await steadily(Number(perSecond), count, change)
console.log(`${count / ((performance.now() - began) / 1000)} changes a second`)
await client.close()
