import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'

/** `<name> <type>`. */
export type Questions = readonly string[]

export interface DnsperfOptions {
  readonly port: number
  /** Of questions, a line each. */
  readonly file: string
  readonly seconds: number
  /** Queries a second at most, each timed; without, as many as it can. */
  readonly rate?: number
  readonly edns?: boolean
}

export interface DnsperfResult {
  /** Answers a second. */
  readonly rate: number
  readonly lost: number
  /** Seconds, of each query; empty unless a rate was given. */
  readonly latencies: readonly number[]
}

const CLIENTS = 8
const OUTSTANDING = 64
/** Away from the core of the server. */
const CORE = '1'

/** A run of dnsperf against a server on this machine. */
export async function dnsperf({ port, file, seconds, rate, edns }: DnsperfOptions): Promise<DnsperfResult> {
  // Into a file: at a pipe it would wait for its reader, and that would count as the server's time.
  await using output = await open(`${file}.out`, 'w+')
  const child = spawn(
    'taskset',
    [
      ...['-c', CORE, 'dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', file],
      ...['-l', String(seconds), '-c', String(CLIENTS), '-q', String(OUTSTANDING)],
      ...(edns === true ? ['-e'] : []),
      ...(rate === undefined ? [] : ['-Q', String(rate), '-v']),
    ],
    { stdio: ['ignore', output.fd, 'ignore'] },
  )
  await once(child, 'exit')
  const latencies: number[] = []
  const summary: string[] = []
  for await (const text of output.readLines({ start: 0, autoClose: false })) {
    // "> NOERROR name A 0.000123"
    if (text.startsWith('> ')) latencies.push(Number(text.slice(text.lastIndexOf(' ') + 1)))
    else summary.push(text)
  }
  const said = (pattern: RegExp) => Number(pattern.exec(summary.join('\n'))?.[1] ?? Number.NaN)
  return {
    rate: said(/Queries per second:\s+([\d.]+)/),
    lost: said(/Queries lost:\s+(\d+)/),
    latencies,
  }
}
