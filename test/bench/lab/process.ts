import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'

/** Clock ticks a second in /proc/<pid>/stat: a constant of Linux's interface. */
const TICKS = 100

/** A program of its own, so that its memory and processor time are its own too. */
export class BenchProcess {
  readonly #child: ChildProcess
  readonly #lines: string[] = []

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const options = { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] as const }
    this.#child = spawn(command, args, { ...options, stdio: [...options.stdio] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', line => this.#keep(line))
    }
  }

  /** Runs when others of the bench do not: what is another machine in life must not take their processor time. */
  giveWay(): void {
    setPriority(this.pid, 19)
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`it did not start: ${this.output}`)
    return this.#child.pid
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Its last lines, for messages. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** Resident memory, in bytes. */
  memory(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
  }

  /** Processor time used until now, in seconds. */
  processorSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
    // The name, in parentheses, may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.ended) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }

  #keep(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > 40) this.#lines.shift()
  }
}
