/** One Service port while the proxy serves it: listens exactly while there is an endpoint to go to. */
import type { PortListener } from './port-listener.ts'
import type { ProxiedPort } from './proxied-ports.ts'
import { Spreader } from './spreader.ts'
import { TcpListener } from './tcp-listener.ts'
import { UdpListener } from './udp-listener.ts'

/** A port that another program holds may become free: asked for again after this long. */
const RETRY_MS = 1000

export class ServedPort {
  #port: ProxiedPort
  readonly #spreader: Spreader
  readonly #listener: PortListener
  readonly #onChange: () => void
  #listening = false
  #error: NodeJS.ErrnoException | undefined
  #retry: NodeJS.Timeout | undefined
  #stopped = false
  /** The step under way, if any: listening begins and ends one at a time. */
  #settling: Promise<void> | undefined

  constructor(port: ProxiedPort, clock: () => number, onChange: () => void) {
    const { address, port: number, protocol } = port
    this.#port = port
    this.#onChange = onChange
    this.#spreader = new Spreader(port, clock)
    this.#listener =
      protocol === 'TCP'
        ? new TcpListener(address, number, this.#spreader)
        : new UdpListener(address, number, this.#spreader, clock)
    this.#settle()
  }

  get port(): ProxiedPort {
    return this.#port
  }

  get listening(): boolean {
    return this.#listening
  }

  /** Why it cannot listen: the system's error. */
  get error(): NodeJS.ErrnoException | undefined {
    return this.#error
  }

  /** `port`: of the same protocol, address and port number. */
  update(port: ProxiedPort): void {
    this.#port = port
    this.#spreader.update(port)
    this.#listener.endpointsChanged()
    this.#settle()
  }

  /** Resolves when no socket is left. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#settle()
    while (this.#settling !== undefined) await this.#settling
    this.#listener.close()
  }

  get #wanted(): boolean {
    return !this.#stopped && this.#port.endpoints.length > 0
  }

  #settle(): void {
    if (this.#settling !== undefined || this.#listening === this.#wanted) return
    clearTimeout(this.#retry)
    this.#settling = this.#step().finally(() => {
      this.#settling = undefined
      this.#onChange()
      if (this.#error === undefined) this.#settle()
      else if (this.#wanted) this.#retry = setTimeout(() => this.#settle(), RETRY_MS).unref()
    })
  }

  async #step(): Promise<void> {
    this.#error = undefined
    if (this.#wanted) {
      try {
        await this.#listener.listen()
        this.#listening = true
      } catch (error) {
        this.#error = error as NodeJS.ErrnoException
      }
    } else {
      this.#listener.stopListening()
      this.#listening = false
    }
  }
}
