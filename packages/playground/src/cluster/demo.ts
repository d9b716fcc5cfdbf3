/** Deploys the demo service and waits for it to answer in every cluster. */
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { errorOf, SERVICE_IMPORTS } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import type { Cluster } from './cluster.ts'
import { DEMO_NAMESPACE, DEMO_SERVICE, type DemoOptions, demoNamespace, demoService } from './demo-objects.ts'
import { ensure } from './local-objects.ts'

const POLL_MS = 5
const TIMEOUT_MS = 30_000

export function deployDemo({ name, apiServer }: Cluster, demo: DemoOptions): void {
  const objects = demo.exporters.includes(name) ? [demoNamespace(), ...demoService(demo)] : [demoNamespace()]
  for (const { type, object } of objects) ensure(apiServer.local, type, object)
}

/**
 * Resolves when every cluster's ClusterSetIP leads to all pods and has answered once.
 * @throws IsthmusError ISTHMUS_DEMO_NOT_ANSWERING
 */
export async function whenDemoAnswers(
  clusters: readonly Cluster[],
  demo: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + TIMEOUT_MS
  await Promise.all(
    clusters.map(async cluster => {
      for (;;) {
        const missing = await whatIsMissing(cluster, demo)
        if (missing === undefined) return
        if (performance.now() > until) {
          const reasons = `${cluster.name}: ${missing}`
          throw errorOf(ERRORS.demoNotAnswering, { seconds: TIMEOUT_MS / 1000, reasons })
        }
        await delay(POLL_MS, undefined, { signal })
      }
    }),
  )
}

/** Undefined: it answers. */
async function whatIsMissing({ apiServer, proxy }: Cluster, demo: DemoOptions): Promise<string | undefined> {
  const found = apiServer.local.get(SERVICE_IMPORTS, DEMO_NAMESPACE, DEMO_SERVICE) as
    | { readonly spec: { readonly ips?: readonly string[] } }
    | undefined
  const ip = found?.spec.ips?.[0]
  if (ip === undefined) return 'no ServiceImport with an address'
  const served = proxy?.ports().find(({ address, port }) => address === ip && port === demo.port)
  if (served === undefined) return `no Service has the address ${ip}`
  if (served.error !== undefined) return `cannot listen on ${ip}:${demo.port}: ${served.error.message}`
  const wanted = demo.exporters.length * demo.replicas
  if (served.endpoints.length < wanted) return `${served.endpoints.length} of ${wanted} endpoints are there`
  return answers(ip, demo.port)
}

function answers(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const request = get({ host, port, agent: false }, response => {
      response.resume()
      resolve(undefined)
    })
    request.once('error', error => resolve(error.message))
  })
}
