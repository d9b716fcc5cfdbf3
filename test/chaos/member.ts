import { Agent, installInto } from '@isthmus/agent'
import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import { ApiServer } from '@isthmus/apiserver'
import { type ClusterClient, connect, staticCredentials } from '@isthmus/kube'
import { pino } from 'pino'
import { Way } from './way.ts'

/** Of agents that crashed, the next one leads soon: a storm is short. */
const TIMES = { leaseDurationMs: 1000, renewDeadlineMs: 700, retryPeriodMs: 200, pollPeriodMs: 100 }
const REQUEST_TIMEOUT_MS = 2_000

const log = pino({ level: process.env.ISTHMUS_TEST_LOG ?? 'silent' })

/** An agent, and its ways to all API servers. */
interface RunningAgent {
  readonly agent: Agent
  readonly ways: ReadonlyMap<string, Way>
  readonly clients: readonly ClusterClient[]
  /** It was killed: nobody waits for it. */
  readonly death: PromiseWithResolvers<void>
}

/** One cluster of a storm: its API server, and whatever agents it has. */
export class ChaosMember {
  readonly id: string
  readonly server: ApiServer
  #url = ''
  #agents: RunningAgent[] = []
  /** Peers that this member's agents cannot reach now, itself perhaps among them. */
  readonly #cutOff = new Set<string>()
  #skewMs = 0
  #isListening = false

  constructor(id: string, index: number) {
    this.id = id
    const serviceCIDRs = [`10.${90 + index}.0.0/16`]
    const now = () => new Date(Date.now() + this.#skewMs)
    this.server = new ApiServer({ serviceCIDRs, now, onError: () => {} })
  }

  get url(): string {
    return this.#url
  }

  get agents(): readonly Agent[] {
    return this.#agents.map(({ agent }) => agent)
  }

  /** Also after `stop`, at the same address, with all data. */
  async listen(): Promise<void> {
    if (this.#isListening) return
    const port = this.#url === '' ? 0 : Number(new URL(this.#url).port)
    this.#url = (await this.server.listen({ port })).url
    this.#isListening = true
  }

  async stopListening(): Promise<void> {
    if (!this.#isListening) return
    this.#isListening = false
    await this.server.close()
  }

  async install(): Promise<void> {
    const client = connect(staticCredentials({ server: this.#url }))
    try {
      await installInto(client)
    } finally {
      await client.close()
    }
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

  /** Resolves at once: whether it can begin is its own affair, and it goes on trying. */
  startAgent(peers: readonly ChaosMember[], believesToLead = false): void {
    const ways = new Map<string, Way>()
    const clients: ClusterClient[] = []
    const wayTo = (member: ChaosMember) => {
      const credentials = staticCredentials({ server: member.url })
      const client = connect(credentials, { requestTimeoutMs: REQUEST_TIMEOUT_MS })
      clients.push(client)
      const way = new Way(client)
      if (this.#cutOff.has(member.id)) way.cut()
      ways.set(member.id, way)
      return way.client
    }
    const agent = new Agent({
      clusterId: this.id,
      clusterset: 'chaos',
      client: wayTo(this),
      peers: peers.filter(peer => peer !== this).map(peer => ({ clusterId: peer.id, client: wayTo(peer) })),
      leadership: believesToLead ? 'always' : { times: TIMES },
      clock: () => Date.now() + this.#skewMs,
      log: log.child({ cluster: this.id }),
    })
    const running = { agent, ways, clients, death: Promise.withResolvers<void>() }
    this.#agents.push(running)
    void this.#begin(running)
  }

  async stopAgents(): Promise<void> {
    const stopped = this.#agents
    this.#agents = []
    // One may be killed while it stops.
    await Promise.all(stopped.map(running => Promise.race([end(running), running.death.promise])))
  }

  /** As of kill -9, at the request to its own API server with that number from now. */
  killAgent(requests: number, isCarriedOut: boolean, onDeath: () => void): void {
    const [victim] = this.#agents
    if (victim === undefined) {
      onDeath()
      return
    }
    victim.ways.get(this.id)?.lightFuse(requests, isCarriedOut, () => {
      this.#bury(victim)
      onDeath()
    })
  }

  cutOff(peer: string): void {
    this.#cutOff.add(peer)
    for (const { ways } of this.#agents) ways.get(peer)?.cut()
  }

  reconnect(peer: string): void {
    if (!this.#cutOff.delete(peer)) return
    for (const { ways } of this.#agents) ways.get(peer)?.mend()
  }

  async close(): Promise<void> {
    await this.stopAgents()
    await this.stopListening()
  }

  #bury(victim: RunningAgent): void {
    for (const way of victim.ways.values()) way.die()
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

async function end({ agent, clients }: RunningAgent): Promise<void> {
  await agent.stop()
  await Promise.all(clients.map(client => client.close()))
}
