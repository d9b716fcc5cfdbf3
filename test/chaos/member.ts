import { Agent, accessOf, installInto, joinClusterSet, relinkCluster } from '@isthmus/agent'
import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import type { ApiServer } from '@isthmus/apiserver'
import { type ClusterClient, type Credentials, connect, staticCredentials } from '@isthmus/kube'
import { pino } from 'pino'
import { type SecuredCluster, securedCluster } from '../fixtures/secured-cluster.ts'
import type { Ageing } from './ageing.ts'
import type { Hub } from './hub.ts'
import type { Point, Points } from './points.ts'
import { Fuse, type Moment, Way } from './way.ts'

/** Of agents that crashed, the next one leads soon: a storm is short. */
const TIMES = { leaseDurationMs: 1500, renewDeadlineMs: 1100, retryPeriodMs: 200, pollPeriodMs: 100 }
const REQUEST_TIMEOUT_MS = 2_000
const LOOK_EVERY_MS = 100
/** Of the agent's own account: in a cluster, a kubelet would renew it. */
const OWN_TOKEN_SECONDS = 3650 * 24 * 3600

const log = pino({ level: process.env.ISTHMUS_TEST_LOG ?? 'silent' })

/** Ways to it, beside those to members. */
export const REGISTRY = 'registry'

/** An agent, and its ways to all API servers. */
interface RunningAgent {
  readonly agent: Agent
  readonly ways: { readonly to: string; readonly way: Way }[]
  readonly own: ClusterClient
  /** It was killed: nobody waits for it. */
  readonly death: PromiseWithResolvers<void>
  fuse: Fuse | undefined
  isDead: boolean
}

/** What all members of a storm share. */
export interface ChaosSet {
  readonly hub: Hub
  readonly ageing: Ageing
  readonly points: Points
  readonly members: ChaosMember[]
}

/** One cluster of a storm, which has joined: its API server, and whatever agents it has. */
export class ChaosMember {
  readonly id: string
  readonly #set: ChaosSet
  #cluster: SecuredCluster | undefined
  #ownToken = ''
  #agents: RunningAgent[] = []
  /** What this member's agents cannot reach now: members, itself perhaps among them, and the registry. */
  readonly #cutOff = new Set<string>()
  #skewMs = 0
  #isListening = true
  #turn: Promise<void> = Promise.resolve()

  private constructor(id: string, set: ChaosSet) {
    this.id = id
    this.#set = set
  }

  /** A cluster that joins. Its agent is to be started then. */
  static async join(id: string, index: number, set: ChaosSet): Promise<ChaosMember> {
    const member = new ChaosMember(id, set)
    const serviceCIDRs = [`10.${90 + index}.0.0/16`]
    const now = () => new Date(member.now)
    member.#cluster = await onFreePort(port => securedCluster({ serviceCIDRs, now, onError: () => {} }, port))
    set.members.push(member)
    await joinClusterSet({
      client: member.#admin,
      registry: set.hub.cluster.client,
      clusterId: id,
      access: await accessOf(member.#credentials()),
      registryAccess: await set.hub.access,
    })
    member.#ownToken = await longToken(member.#admin)
    return member
  }

  get server(): ApiServer {
    return this.#secured.server
  }

  get agents(): readonly Agent[] {
    return this.#agents.map(({ agent }) => agent)
  }

  /** By its API server's clock, and that by which its credentials age. */
  get now(): number {
    return Date.now() + this.#skewMs + this.#set.ageing.ahead
  }

  /** Also after `stopListening`, at the same address, with all data. */
  listen(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isListening) return
      await this.server.listen({ port: Number(new URL(this.#secured.url).port) })
      this.#isListening = true
    })
  }

  stopListening(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isListening) return
      this.#isListening = false
      await this.server.close()
    })
  }

  install(): Promise<unknown> {
    return installInto(this.#admin)
  }

  /** Both namespaces are there, and in use. */
  get isInstalled(): boolean {
    const namespaces = { group: '', plural: 'namespaces' }
    return [AGENT_NAMESPACE, EXCHANGE_NAMESPACE].every(name => {
      const found = this.server.local.get(namespaces, undefined, name)
      return found !== undefined && found.metadata.deletionTimestamp === undefined
    })
  }

  /** Its clock, and that of its API server, jump by so much. */
  skew(ms: number): void {
    this.#skewMs = ms
  }

  /** As its status tells people to: `isthmus relink`, where a credential has expired. Answers whether it was needed. */
  async relink(): Promise<boolean> {
    const words = this.agents
      .map(agent => agent.status())
      .flatMap(({ links, membership }) => [
        ...links.map(({ state, reason }) => (state === 'connected' ? '' : reason)),
        membership?.registry?.reason,
      ])
    if (!words.some(reason => reason?.includes('isthmus relink'))) return false
    await relinkCluster({
      client: this.#admin,
      registry: this.#set.hub.cluster.client,
      registryAccess: await this.#set.hub.access,
    })
    return true
  }

  /** Resolves at once: whether it can begin is its own affair, and it goes on trying. */
  startAgent(believesToLead = false): void {
    const ways: RunningAgent['ways'] = []
    const wayOf = (credentials: Credentials, to: string): ClusterClient => {
      const target = connect(credentials, { requestTimeoutMs: REQUEST_TIMEOUT_MS })
      const kind = to === this.id ? 'own' : to === REGISTRY ? REGISTRY : 'peer'
      const way = new Way({ to: kind, target, points: this.#set.points, fuse: () => running.fuse })
      if (this.#cutOff.has(to)) way.cut()
      if (running?.isDead) way.die()
      ways.push({ to, way })
      return way.client
    }
    let running: RunningAgent
    const own = wayOf(this.#credentials(this.#ownToken), this.id)
    const agent = new Agent({
      clusterId: this.id,
      clusterset: 'chaos',
      client: own,
      peers: [],
      leadership: believesToLead ? 'always' : { times: TIMES },
      clock: () => Date.now() + this.#skewMs,
      membership: {
        clock: () => this.now,
        lookEveryMs: LOOK_EVERY_MS,
        connect: credentials => wayOf(credentials, this.#whose(credentials.server)),
      },
      log: log.child({ cluster: this.id }),
    })
    running = { agent, ways, own, death: Promise.withResolvers(), fuse: undefined, isDead: false }
    this.#agents.push(running)
    void this.#begin(running)
  }

  async stopAgents(): Promise<void> {
    const stopped = this.#agents
    this.#agents = []
    // One may be killed while it stops.
    await Promise.all(stopped.map(running => Promise.race([end(running), running.death.promise])))
  }

  /** As of kill -9, at that request. Returns what makes it the next one, if it has not come. */
  killAgent(at: Moment, isCarriedOut: boolean, onDeath: (point?: Point) => void): () => void {
    const [victim] = this.#agents
    if (victim === undefined) {
      onDeath()
      return () => {}
    }
    const fuse = new Fuse(at, isCarriedOut, point => {
      this.#set.points.died(point, isCarriedOut)
      this.#bury(victim)
      onDeath(point)
    })
    victim.fuse = fuse
    return () => fuse.shorten()
  }

  cutOff(from: string): void {
    this.#cutOff.add(from)
    for (const { ways } of this.#agents) for (const { to, way } of ways) if (to === from) way.cut()
  }

  reconnect(from: string): void {
    if (!this.#cutOff.delete(from)) return
    for (const { ways } of this.#agents) for (const { to, way } of ways) if (to === from) way.mend()
  }

  async close(): Promise<void> {
    await this.stopAgents()
    await this.#secured.close()
  }

  /** Two faults at once may stop one server and start it. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => {})
    return done
  }

  get #secured(): SecuredCluster {
    if (this.#cluster === undefined) throw new Error(`${this.id} was not started`)
    return this.#cluster
  }

  get #admin(): ClusterClient {
    return this.#secured.client
  }

  #credentials(token?: string): Credentials {
    const { url, certificateAuthority: ca } = this.#secured
    return staticCredentials({ server: url, tls: { ca }, ...(token === undefined ? {} : { token }) })
  }

  #whose(server: string): string {
    return this.#set.members.find(member => member.#secured.url === server)?.id ?? REGISTRY
  }

  #bury(victim: RunningAgent): void {
    victim.isDead = true
    for (const { way } of victim.ways) way.die()
    victim.death.resolve()
    this.#agents = this.#agents.filter(running => running !== victim)
    // What it holds in this process, timers and connections, goes; nobody hears of it.
    void end(victim)
  }

  async #begin(running: RunningAgent): Promise<void> {
    while (this.#agents.includes(running)) {
      try {
        await running.agent.start()
        return
      } catch {
        await new Promise(done => setTimeout(done, 100))
      }
    }
  }
}

async function end({ agent, own }: RunningAgent): Promise<void> {
  await agent.stop()
  await own.close()
}

/** Not one that a connection of anybody's may take while the server is stopped: those are above, on all systems. */
async function onFreePort<T>(open: (port: number) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open(20_000 + Math.floor(Math.random() * 10_000))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

async function longToken(client: ClusterClient): Promise<string> {
  const { body } = await client.raw(
    `/api/v1/namespaces/${AGENT_NAMESPACE}/serviceaccounts/isthmus-agent/token`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ spec: { expirationSeconds: OWN_TOKEN_SECONDS } }),
    },
  )
  return (JSON.parse(body) as { status: { token: string } }).status.token
}
