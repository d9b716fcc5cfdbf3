import { EXIT, errorOf } from '@isthmus/api'
import {
  type ClusterAddress,
  homeFolder,
  loopbackOf,
  ERRORS as PLAYGROUND_ERRORS,
  readState,
} from '@isthmus/playground'
import type { RequestFlags } from '../commands/request.ts'
import type { CommandContext } from '../context.ts'
import { ERRORS } from '../errors.ts'
import { attempt, type Outcome } from './attempt.ts'
import { reportText } from './report.ts'
import { PodResolver } from './resolve.ts'
import { tally } from './tally.ts'

/** `isthmus request`; resolves with the exit code. */
export async function runRequest(
  target: string,
  flags: RequestFlags,
  context: CommandContext,
): Promise<number> {
  const url = parseUrl(target)
  const { dns } = await clusterNamed(flags.from, context)
  const resolver = new PodResolver(`${dns.address}:${dns.port}`)
  const network = { resolver, route: loopbackOf }
  const started = performance.now()
  const outcomes = await attemptAll(flags.requests, flags.concurrency, () =>
    attempt(url, network, flags.timeout * 1000),
  )
  const seconds = (performance.now() - started) / 1000
  const result = tally(outcomes)
  context.stdout.write(
    flags.output === 'json'
      ? `${JSON.stringify({ from: flags.from, url: url.href, seconds, ...result }, null, 2)}\n`
      : reportText(result, flags.from, url.href, seconds),
  )
  return result.failed === 0 ? 0 : EXIT.failure
}

async function clusterNamed(name: string, { env, cwd }: CommandContext): Promise<ClusterAddress> {
  const { clusters } = await readState(homeFolder(env, cwd))
  const found = clusters.find(cluster => cluster.name === name)
  if (found !== undefined) return found
  const names = clusters.map(cluster => cluster.name).join(', ')
  throw errorOf(PLAYGROUND_ERRORS.unknownCluster, { cluster: name, clusters: names })
}

function parseUrl(target: string): URL {
  // `hello.demo:8080` would be a URL of the scheme `hello.demo`.
  const text = target.includes('://') ? target : `http://${target}`
  const url = URL.parse(text)
  if (url === null) throw errorOf(ERRORS.badUrl, { url: target, reason: 'it is not a URL' })
  if (url.protocol !== 'http:') {
    throw errorOf(ERRORS.badUrl, { url: target, reason: `${url.protocol.slice(0, -1)} is not supported` })
  }
  return url
}

/** So many at a time: as one ends, the next begins. */
async function attemptAll(
  requests: number,
  concurrency: number,
  once: () => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let begun = 0
  const worker = async () => {
    while (begun < requests) {
      begun++
      outcomes.push(await once())
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, worker))
  return outcomes
}
