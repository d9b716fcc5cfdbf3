/** The isthmus command in this process, on clusters of a test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from 'isthmus'
import type { TestClusterSet } from '../fixtures/clusterset.ts'

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCommand {
  /** What it has printed so far, to standard output. */
  readonly printed: string
  /** Ctrl-C. */
  interrupt(): void
  readonly finished: Promise<Finished>
}

/** Runs a command line as a person would in that folder. */
export function startCommand(args: readonly string[], cwd: string): RunningCommand {
  const stopping = new AbortController()
  const printed = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      printed[name] += text
    },
  })
  const exitCode = main(args, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: { HOME: cwd },
    cwd,
    stopSignal: () => stopping.signal,
  })
  return {
    get printed() {
      return printed.stdout
    },
    interrupt: () => stopping.abort(),
    finished: exitCode.then(code => ({ exitCode: code, ...printed })),
  }
}

export function runCommand(args: readonly string[], cwd: string): Promise<Finished> {
  return startCommand(args, cwd).finished
}

/** A folder with a kubeconfig `K` of all members, each under its id, and of what is added. `remove` it. */
export class CommandFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'isthmus-command-'))

  constructor(set: TestClusterSet, more: Readonly<Record<string, string>> = {}) {
    const servers = Object.entries({
      ...Object.fromEntries([...set.members.values()].map(({ id, url }) => [id, url])),
      ...more,
    })
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: servers.map(([name, server]) => ({ name, cluster: { server } })),
      users: [{ name: 'me', user: {} }],
      contexts: servers.map(([name]) => ({ name, context: { cluster: name, user: 'me' } })),
    }
    writeFileSync(join(this.path, 'K'), JSON.stringify(kubeconfig))
  }

  run(...args: string[]): Promise<Finished> {
    return runCommand([...args, '--kubeconfig', 'K'], this.path)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
