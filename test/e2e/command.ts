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

/** Runs a command line as a person would in that folder. Ctrl-C is `stopping`. */
export async function runCommand(
  args: readonly string[],
  cwd: string,
  stopping: AbortSignal = new AbortController().signal,
): Promise<Finished> {
  const printed = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      printed[name] += text
    },
  })
  const exitCode = await main(args, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: { HOME: cwd },
    cwd,
    stopSignal: () => stopping,
  })
  return { exitCode, ...printed }
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
