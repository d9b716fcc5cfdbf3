import type { Logger } from 'pino'
import type { Leadership } from './leadership.ts'
import type { WriteGate } from './write-gate.ts'

/** What an agent does from when it begins to lead until it ceases to. */
export interface Term {
  begin(): void
  /** Takes up nothing more. Resolves when what was under way has ended. */
  end(): Promise<void>
  /** Stores what would have been stored a little later. */
  settle(): Promise<void>
}

export interface TermsOptions<T extends Term> {
  readonly leadership: Leadership
  readonly gate: WriteGate
  readonly newTerm: () => T
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** How long writes under way have at the end: an API server that does not answer is not waited for. */
const FINISH_MS = 2_000

/** Has a term begin whenever this agent begins to lead, and end when it ceases to; never two at once. */
export class Terms<T extends Term> {
  readonly #options: TermsOptions<T>
  #current: T | undefined
  #turns: Promise<void> = Promise.resolve()
  #unsubscribe = () => {}
  #stopped = false

  constructor(options: TermsOptions<T>) {
    this.#options = options
  }

  /** Of now, if this agent leads. */
  get current(): T | undefined {
    return this.#current
  }

  start(): void {
    const { leadership } = this.#options
    this.#unsubscribe = leadership.subscribe(leading => (leading ? this.#begin() : this.#lose()))
    if (leadership.leading) this.#begin()
    leadership.start()
  }

  /** Finishes what is under way, and gives the lead back. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#turns
    const term = this.#current
    if (term !== undefined) {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, FINISH_MS)
      await Promise.race([this.#end(term).then(() => this.#settle(term)), late])
      clearTimeout(timer)
    }
    this.#options.gate.close()
    if (term !== undefined) await this.#end(term)
    this.#current = undefined
    this.#unsubscribe()
    await this.#options.leadership.stop()
    await this.#turns
  }

  #begin(): void {
    this.#turns = this.#turns.then(() => {
      const { leadership, gate, newTerm, log } = this.#options
      if (this.#stopped || !leadership.leading || this.#current !== undefined) return
      gate.open(() => leadership.leading)
      this.#current = newTerm()
      log.info('this agent leads')
      this.#current.begin()
    })
  }

  /** At once: another may lead soon. */
  #lose(): void {
    this.#options.gate.close()
    const term = this.#current
    if (term === undefined || this.#stopped) return
    this.#current = undefined
    const { leadership, log } = this.#options
    log.warn({ leader: leadership.holder }, 'this agent does not lead any more: it stands by')
    const ended = this.#end(term)
    this.#turns = this.#turns.then(() => ended)
  }

  /** What fails at its end must not keep the next one from beginning, nor the lead from being given back. */
  #end(term: T): Promise<void> {
    return term
      .end()
      .catch(error => this.#options.log.warn({ err: error }, 'the work of a leader did not end well'))
  }

  #settle(term: T): Promise<void> {
    return term
      .settle()
      .catch(error => this.#options.log.warn({ err: error }, 'what links remember was not saved'))
  }
}
