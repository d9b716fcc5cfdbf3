/** A server for a file of tests, and kubectl (or helm) as an administrator of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { ApiServer } from '@isthmus/apiserver'
import { run, type Tool, type ToolRun } from '../../fixtures/kubectl.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }

export type Manifest = Record<string, unknown> | string

/** One namespace of a cluster, as the tools see it. */
export class Workspace {
  readonly cluster: ToolCluster
  readonly namespace: string

  constructor(cluster: ToolCluster, namespace: string) {
    this.cluster = cluster
    this.namespace = namespace
  }

  /** What kubectl prints; it has to succeed. `args` are words, split at spaces, or a list. */
  async kubectl(args: string | readonly string[], input?: Manifest | readonly Manifest[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, input)
    assert.equal(code, 0, `kubectl ${args}: ${stderr}${stdout}`)
    return stdout
  }

  /** What kubectl says when it fails, as it has to. */
  async refused(args: string | readonly string[], input?: Manifest): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, input)
    assert.notEqual(code, 0, `kubectl ${args} succeeded: ${stdout}`)
    return stderr.trim()
  }

  async try(
    args: string | readonly string[],
    input?: Manifest | readonly Manifest[],
    env: Record<string, string> = {},
  ): Promise<ToolRun> {
    return this.cluster.run('kubectl', this.namespace, wordsOf(args), textOf(input), env)
  }

  async helm(args: string | readonly string[]): Promise<ToolRun> {
    return this.cluster.run('helm', this.namespace, wordsOf(args))
  }
}

const wordsOf = (args: string | readonly string[]) => (typeof args === 'string' ? args.split(' ') : args)

/** Several documents go as a stream of YAML, which JSON is. */
function textOf(input: Manifest | readonly Manifest[] = ''): string {
  const documents = Array.isArray(input) ? (input as readonly Manifest[]) : [input as Manifest]
  return documents.map(one => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n---\n')
}

export class ToolCluster {
  readonly server = new ApiServer({ tls: true, authorization: 'RBAC' })
  readonly folder = mkdtempSync(join(tmpdir(), 'isthmus-tools-'))
  #spaces = 0

  async start(): Promise<void> {
    await this.server.listen()
    const kubeconfig = JSON.stringify(await this.server.kubeconfig())
    writeFileSync(join(this.folder, 'kubeconfig'), kubeconfig, { mode: 0o600 })
  }

  async stop(): Promise<void> {
    await this.server.close()
    rmSync(this.folder, { recursive: true })
  }

  /** A namespace of a test's own. */
  workspace(): Workspace {
    const namespace = `space-${++this.#spaces}`
    this.server.local.create(NAMESPACES, { metadata: { name: namespace } })
    return new Workspace(this, namespace)
  }

  async run(
    tool: Tool,
    namespace: string,
    args: readonly string[],
    input = '',
    env: Record<string, string> = {},
  ): Promise<ToolRun> {
    return run(tool, ['--namespace', namespace, ...args], {
      input,
      env: {
        KUBECONFIG: join(this.folder, 'kubeconfig'),
        KUBECACHEDIR: join(this.folder, 'cache'),
        // It lives too briefly to collect garbage: a third less work.
        GOGC: 'off',
        HELM_CACHE_HOME: join(this.folder, 'helm/cache'),
        HELM_CONFIG_HOME: join(this.folder, 'helm/config'),
        HELM_DATA_HOME: join(this.folder, 'helm/data'),
        ...env,
      },
    })
  }
}

/** Runs from before the file's tests until after them. */
export function useCluster(): ToolCluster {
  const cluster = new ToolCluster()
  before(() => cluster.start())
  after(() => cluster.stop())
  return cluster
}
