/**
 * A container without a command: an echo server on its ports, in this process. Whatever its image is
 * called, no image is run.
 */
import { loopbackOf } from '../addresses/loopback.ts'
import { type ContainerSnapshot, type ContainerState, type RunningContainer, timestamp } from './container.ts'
import { ContainerLog } from './container-log.ts'
import { EchoResponder } from './echo-answer.ts'
import { type EchoPort, echoHttp, echoUdp } from './echo-port.ts'
import type { PodContainer, PodIdentity } from './pod.ts'
import { type RestartBackoff, restartDelayMs } from './restart-backoff.ts'

export class EchoContainer implements RunningContainer {
  readonly name: string
  readonly #container: PodContainer
  readonly #identity: PodIdentity
  readonly #backoff: RestartBackoff
  readonly #onChange: () => void
  readonly #log = new ContainerLog()
  #ports: readonly EchoPort[] = []
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  #starting: Promise<void> | undefined
  #stopped = false

  constructor(container: PodContainer, identity: PodIdentity, backoff: RestartBackoff, onChange: () => void) {
    this.name = container.name
    this.#container = container
    this.#identity = identity
    this.#backoff = backoff
    this.#onChange = onChange
  }

  get snapshot(): ContainerSnapshot {
    const ready = this.#state.running !== undefined
    return { state: this.#state, lastState: {}, ready, restartCount: 0, finished: false }
  }

  start(): void {
    this.#starting = this.#listen()
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    await this.#starting
    const { startedAt } = this.#state.running ?? {}
    await Promise.all(this.#ports.map(port => port.close(graceMs)))
    const terminated = { exitCode: 0, reason: 'Completed', finishedAt: timestamp() }
    this.#log.end()
    this.#become({ terminated: startedAt === undefined ? terminated : { ...terminated, startedAt } })
  }

  log(previous: boolean): ContainerLog | undefined {
    return previous ? undefined : this.#log
  }

  /** All ports or none. */
  async #listen(): Promise<void> {
    const ports = this.#servers()
    const results = await Promise.allSettled(ports.map(port => port.listen()))
    const failed = results.find(result => result.status === 'rejected')
    if (failed === undefined) {
      this.#ports = ports
      this.#describe()
      this.#become({ running: { startedAt: timestamp() } })
      return
    }
    await Promise.all(ports.filter((_, n) => results[n]?.status === 'fulfilled').map(port => port.close(0)))
    this.#failures++
    this.#become({ waiting: { reason: 'CreateContainerError', message: String(failed.reason?.message) } })
    if (this.#stopped) return
    this.#retry = setTimeout(() => this.start(), restartDelayMs(this.#failures, this.#backoff)).unref()
  }

  #servers(): EchoPort[] {
    const host = loopbackOf(this.#identity.podIP)
    const responder = new EchoResponder(this.#identity)
    return (this.#container.ports ?? []).flatMap(({ containerPort, protocol }) => {
      // The system has no SCTP for Node: nothing listens, as nothing would answer.
      if (protocol === 'SCTP') return []
      return [protocol === 'UDP' ? echoUdp(host, containerPort) : echoHttp(host, containerPort, responder)]
    })
  }

  #describe(): void {
    const { podIP } = this.#identity
    for (const { containerPort, protocol = 'TCP' } of this.#container.ports ?? []) {
      this.#log.add(`echoes ${protocol} port ${containerPort} of ${podIP} at ${loopbackOf(podIP)}\n`)
    }
  }

  #become(state: ContainerState): void {
    this.#state = state
    this.#onChange()
  }
}
