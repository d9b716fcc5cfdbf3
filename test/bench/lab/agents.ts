import { createServer } from 'node:net'
import { until } from '../../fixtures/until.ts'
import { type BenchCluster, PROGRAM } from './clusters.ts'
import { BenchProcess } from './process.ts'

/** `isthmus agent` of one cluster, as users run it. */
export class BenchAgent {
  readonly process: BenchProcess
  readonly #health: string

  private constructor(process: BenchProcess, health: string) {
    this.process = process
    this.#health = health
  }

  static async start(
    own: BenchCluster,
    peers: readonly BenchCluster[],
    nodeOptions: readonly string[] = [],
  ): Promise<BenchAgent> {
    const health = `127.0.0.1:${await freePort()}`
    const process_ = new BenchProcess(process.execPath, [
      ...nodeOptions,
      PROGRAM,
      'agent',
      ...['--cluster-id', own.id, '--clusterset', 'bench', '--kubeconfig', own.kubeconfig],
      ...(own.context === undefined ? [] : ['--context', own.context]),
      ...peers.flatMap(({ id, kubeconfig, context }) => [
        '--peer',
        `${id}=${kubeconfig}${context === undefined ? '' : `#${context}`}`,
      ]),
      ...['--health', health, '--log-level', 'warn', '--log-format', 'json'],
    ])
    return new BenchAgent(process_, `http://${health}`)
  }

  /** Ready as its probe says. */
  async ready(timeoutMs = 120_000): Promise<void> {
    await until(
      'the agent is ready',
      async () => {
        if (this.process.ended) throw new Error(`an agent ended:\n${this.process.output}`)
        const answer = await fetch(`${this.#health}/readyz`).catch(() => undefined)
        await answer?.body?.cancel()
        return answer?.status === 200
      },
      timeoutMs,
    )
  }

  /** The sum of a metric over all its labels. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.#health}/metrics`)).text()
    let sum = 0
    for (const line of text.split('\n')) {
      if (line.startsWith(`${name}{`) ? line.includes(labels) : line.startsWith(`${name} `))
        sum += Number(line.slice(line.lastIndexOf(' ') + 1))
    }
    return sum
  }

  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.process.stop(signal)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise(done => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
