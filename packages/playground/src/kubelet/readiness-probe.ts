/** A command is ready when it listens on all its TCP ports, and stays so while it does. One per start of it. */
import { connect } from 'node:net'

/** While somebody waits for it to come up. */
const STARTING_MS = 25
/** Afterwards: as the default of a Kubernetes probe, but quicker to see. */
const WATCHING_MS = 2000
const TIMEOUT_MS = 1000

export class ReadinessProbe {
  readonly #host: string
  readonly #ports: readonly number[]
  readonly #onChange: () => void
  #passing = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined

  constructor(host: string, ports: readonly number[], onChange: () => void) {
    this.#host = host
    this.#ports = ports
    this.#onChange = onChange
  }

  get passing(): boolean {
    return this.#passing
  }

  start(): void {
    void this.#probe()
  }

  stop(): void {
    this.#stopped = true
    this.#passing = false
    clearTimeout(this.#timer)
  }

  async #probe(): Promise<void> {
    const answers = await Promise.all(this.#ports.map(port => accepts(this.#host, port)))
    if (this.#stopped) return
    const passing = answers.every(Boolean)
    if (passing !== this.#passing) {
      this.#passing = passing
      this.#onChange()
    }
    if (this.#ports.length === 0) return
    this.#timer = setTimeout(() => void this.#probe(), passing ? WATCHING_MS : STARTING_MS).unref()
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS })
    const done = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => done(true))
    socket.once('timeout', () => done(false))
    socket.once('error', () => done(false))
  })
}
