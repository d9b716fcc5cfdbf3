import { errorOf } from '@isthmus/api'
import { isDNSLabel } from '@isthmus/core'
import { type Logger, pino } from 'pino'
import { clusterAddresses, MAX_CLUSTERS } from './addresses/address-plan.ts'
import { claimBlock, tryPort } from './addresses/claim.ts'
import { Cluster } from './cluster/cluster.ts'
import { formClusterSet } from './cluster/cluster-set.ts'
import { deployDemo, whenDemoAnswers } from './cluster/demo.ts'
import type { DemoOptions } from './cluster/demo-objects.ts'
import { mergeKubeconfigs } from './cluster/kubeconfig.ts'
import type { ControlRequest } from './control/control-protocol.ts'
import { controlServer } from './control/control-server.ts'
import { ERRORS } from './errors.ts'
import { PlaygroundHome } from './home/playground-home.ts'
import { homeFolder, type PlaygroundState } from './home/playground-state.ts'
import { stopWithProcess } from './process-end.ts'
import { ChangeNotifier } from './snapshot/change-notifier.ts'
import { type PlaygroundSnapshot, snapshotOf } from './snapshot/snapshot.ts'

export interface PlaygroundOptions {
  /** Names, which are the cluster ids. Default: east, west, north. */
  readonly clusters?: readonly string[]
  /** Default: `playground`. */
  readonly clusterset?: string
  /** Default: two pods in each of the first two clusters, on port 8080. False: no demo service. */
  readonly demo?: Partial<DemoOptions> | false
  /** Folder of kubeconfig, state and control socket. Default: ISTHMUS_HOME, or `.isthmus` below the current directory. */
  readonly home?: string
  /** Of the agents. Default: none. */
  readonly log?: Logger
  readonly onProgress?: (step: PlaygroundStep) => void
  /** Also stop, and end the process, on SIGINT, SIGTERM, SIGHUP and uncaught errors. Default: false. */
  readonly endWithProcess?: boolean
}

/** Something is done. */
export interface PlaygroundStep {
  readonly message: string
  /** The cluster that it was done in; undefined: all. */
  readonly cluster?: string
  /** Milliseconds since the start. */
  readonly elapsedMs: number
}

const NODES_PER_CLUSTER = 2
/** A link changes without any object of a cluster changing: looked at this often. */
const LINKS_MS = 500

/**
 * Several clusters in one process that form a ClusterSet, with a demo service: what `isthmus up` runs.
 *
 *     const playground = await Playground.start({ clusters: ['east', 'west', 'north'] })
 *     await playground.stop()
 */
export class Playground {
  readonly #options: PlaygroundOptions
  readonly #log: Logger
  readonly #startedAt = performance.now()
  readonly #changes = new ChangeNotifier()
  /** What to undo, the last first. */
  readonly #cleanups: (() => void | Promise<void>)[] = []
  readonly #stopping = new AbortController()
  readonly #stopped = Promise.withResolvers<void>()
  #beginning: Promise<void> = Promise.resolve()
  #processEnds = false
  #home: PlaygroundHome | undefined
  #clusters: readonly Cluster[] = []

  private constructor(options: PlaygroundOptions) {
    this.#options = options
    this.#log = options.log ?? pino({ level: 'silent' })
  }

  /**
   * Resolves when the demo service answers through its ClusterSetIP in every cluster. When it rejects, what
   * had been started is gone again.
   *
   * @throws IsthmusError ISTHMUS_BAD_CLUSTERS, ISTHMUS_PLAYGROUND_RUNNING, ISTHMUS_HOME_UNWRITABLE,
   *   ISTHMUS_LOOPBACK_LIMITED, ISTHMUS_NO_ADDRESS_BLOCK, ISTHMUS_DEMO_PORT_UNUSABLE, ISTHMUS_DEMO_NOT_ANSWERING
   */
  static async start(options: PlaygroundOptions = {}): Promise<Playground> {
    const playground = new Playground(options)
    playground.#beginning = playground.#begin()
    try {
      await playground.#beginning
      return playground
    } catch (error) {
      await playground.stop()
      // Whoever waits would report as a failure that the user ended it.
      if (playground.#processEnds) await new Promise(() => {})
      throw error
    }
  }

  get clusters(): readonly Cluster[] {
    return this.#clusters
  }

  /** @throws IsthmusError ISTHMUS_UNKNOWN_CLUSTER */
  cluster(name: string): Cluster {
    const found = this.#clusters.find(cluster => cluster.name === name)
    if (found !== undefined) return found
    const clusters = this.#clusters.map(cluster => cluster.name).join(', ')
    throw errorOf(ERRORS.unknownCluster, { cluster: name, clusters })
  }

  /** What the state file says. */
  get state(): PlaygroundState {
    if (this.#home === undefined) throw new TypeError('the playground has not been started')
    const { kubeconfig, control } = this.#home
    const clusters = this.#clusters.flatMap(({ address }) => address ?? [])
    const registry = this.#clusters[0]?.name ?? ''
    return { pid: process.pid, kubeconfig, control, registry, clusters }
  }

  /** Resolves when it has stopped, by whomever. */
  get stopped(): Promise<void> {
    return this.#stopped.promise
  }

  /** The cluster's API server, agent, DNS server and pods go away; its objects and addresses are kept. */
  stopCluster(name: string): Promise<void> {
    return this.cluster(name).stop()
  }

  async startCluster(name: string): Promise<void> {
    this.#stopping.signal.throwIfAborted()
    const cluster = this.cluster(name)
    await cluster.start()
    await cluster.run()
  }

  snapshot(): PlaygroundSnapshot {
    return { clusters: this.#clusters.map(snapshotOf) }
  }

  /** Calls back when a snapshot may look different, at most ten times a second. Answers how to end it. */
  subscribe(listener: () => void): () => void {
    return this.#changes.subscribe(listener)
  }

  /** Leaves nothing behind: no listener, process or file. May be called at any time and more than once. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#stopped.promise
    this.#stopping.abort()
    // A start under way ends at its next step.
    await this.#beginning.catch(() => {})
    for (let undo = this.#cleanups.pop(); undo !== undefined; undo = this.#cleanups.pop()) {
      try {
        await undo()
      } catch (error) {
        // The rest has to go all the same.
        this.#log.error({ err: error }, 'a part of the playground did not end in order')
      }
    }
    this.#stopped.resolve()
  }

  async #begin(): Promise<void> {
    const { clusterset = 'playground', endWithProcess = false, home = homeFolder() } = this.#options
    const names = this.#options.clusters ?? ['east', 'west', 'north']
    checkNames(names)
    const demo = this.#demoOptions(names)
    if (endWithProcess) this.#endWithProcess()

    const claim = await claimBlock()
    this.#undo(() => claim.release())
    if (demo !== undefined) await checkDemoPort(claim.block, demo.port)
    const claimed = await PlaygroundHome.claim(
      home,
      controlServer(request => this.#perform(request)),
    )
    this.#home = claimed
    this.#undo(() => claimed.release())

    this.#clusters = names.map((name, index) => {
      const addresses = clusterAddresses(claim.block, index, NODES_PER_CLUSTER)
      return new Cluster({
        name,
        addresses,
        log: this.#log,
        onChange: () => this.#changes.changed(),
      })
    })
    this.#undo(() => allOf(this.#clusters.map(cluster => cluster.stop())))
    await allOf(this.#clusters.map(cluster => this.#startCluster(cluster)))
    this.#stopping.signal.throwIfAborted()
    await this.#formClusterSet(clusterset, demo)
    this.#stopping.signal.throwIfAborted()
    await claimed.writeKubeconfig(
      mergeKubeconfigs(this.#clusters.flatMap(cluster => cluster.kubeconfig ?? [])),
    )
    await claimed.writeState(this.state)
    await this.#watchLinks()
    if (demo === undefined) return
    await whenDemoAnswers(this.#clusters, demo, this.#stopping.signal)
    this.#done('the demo service answers in every cluster')
  }

  #endWithProcess(): void {
    const stop = () => {
      this.#processEnds = true
      return this.stop()
    }
    this.#undo(stopWithProcess(stop, error => console.error(error)))
  }

  async #startCluster(cluster: Cluster): Promise<void> {
    await cluster.start()
    this.#done('API server and nodes run', cluster.name)
  }

  /** An agent starts as soon as its cluster has joined, while others still do. */
  async #formClusterSet(clusterset: string, demo: DemoOptions | undefined): Promise<void> {
    const agents: Promise<void>[] = []
    const formed = formClusterSet(this.#clusters, clusterset, cluster => {
      this.#stopping.signal.throwIfAborted()
      this.#joined(cluster, demo)
      const agent = this.#startAgent(cluster)
      // Looked at below: until then nobody is there to be told.
      agent.catch(() => {})
      agents.push(agent)
    })
    await formed.finally(() => allOf(agents))
  }

  #joined(cluster: Cluster, demo: DemoOptions | undefined): void {
    this.#done('joined the ClusterSet', cluster.name)
    if (demo === undefined) return
    deployDemo(cluster, demo)
    if (demo.exporters.includes(cluster.name))
      this.#done('the demo service is deployed and exported', cluster.name)
  }

  async #startAgent(cluster: Cluster): Promise<void> {
    await cluster.run()
    this.#done('the agent and DNS run', cluster.name)
  }

  #watchLinks(): void {
    const timer = setInterval(() => this.#changes.changed(), LINKS_MS).unref()
    this.#undo(() => {
      clearInterval(timer)
      this.#changes.close()
    })
  }

  async #perform(request: ControlRequest): Promise<unknown> {
    switch (request.command) {
      case 'stop':
        return this.stopCluster(request.cluster)
      case 'start':
        return this.startCluster(request.cluster)
      case 'snapshot':
        return this.snapshot()
      case 'shutdown':
        // After the answer: the socket that it goes over is closed too.
        setImmediate(() => void this.stop())
        return undefined
    }
  }

  #demoOptions(names: readonly string[]): DemoOptions | undefined {
    const { demo: given = {} } = this.#options
    if (given === false) return undefined
    const demo = { exporters: names.slice(0, 2), port: 8080, replicas: 2, ...given }
    const unknown = demo.exporters.find(name => !names.includes(name))
    if (unknown === undefined) return demo
    throw errorOf(ERRORS.unknownCluster, { cluster: unknown, clusters: names.join(', ') })
  }

  /** Remembers how to undo what was just done; ends the start if the playground is being stopped. */
  #undo(cleanup: () => void | Promise<void>): void {
    this.#cleanups.push(cleanup)
    this.#stopping.signal.throwIfAborted()
  }

  #done(message: string, cluster?: string): void {
    const elapsedMs = performance.now() - this.#startedAt
    this.#options.onProgress?.({ message, ...(cluster !== undefined && { cluster }), elapsedMs })
  }
}

function checkNames(names: readonly string[]): void {
  const wrong =
    names.length === 0
      ? 'there is none'
      : names.length > MAX_CLUSTERS
        ? `there are ${names.length}`
        : (names.find(name => !isDNSLabel(name)) ??
          names.find((name, index) => names.indexOf(name) !== index))
  if (wrong === undefined) return
  throw errorOf(ERRORS.badClusters, { clusters: names.join(', '), reason: wrong, limit: MAX_CLUSTERS })
}

/** Rather than find out when nothing answers. */
async function checkDemoPort(block: number, port: number): Promise<void> {
  await tryPort(block, port).catch(error => {
    throw errorOf(ERRORS.demoPortUnusable, { port, reason: error.message }, error)
  })
}

/** Waits for all, also when one fails: what is half started could not be stopped. Rejects with the first failure. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  const failed = results.find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
