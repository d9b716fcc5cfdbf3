/** The contract by kubectl: what a person types, and what is read off its output. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run, toolPath } from '../../fixtures/kubectl.ts'
import { type AnyObject, type Change, type Judge, type Kind, Refusal } from './contract-client.ts'

export const kubectl: Judge = async kubeconfig => {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-contract-'))
  const env = { KUBECONFIG: join(folder, 'kubeconfig'), KUBECACHEDIR: join(folder, 'cache'), GOGC: 'off' }
  await writeFile(env.KUBECONFIG, kubeconfig, { mode: 0o600 })

  async function kubectl(args: readonly string[], input: object | string = ''): Promise<string> {
    const text = typeof input === 'string' ? input : JSON.stringify(input)
    const { code, stdout, stderr } = await run('kubectl', args, { env, input: text })
    if (code !== 0) throw refusalOf(stderr)
    return stdout
  }
  const object = async (...command: Parameters<typeof kubectl>): Promise<AnyObject> =>
    JSON.parse(await kubectl(...command))
  const JSON_OUT = ['-o', 'json', '--show-managed-fields']

  return {
    create: (_kind, body) => object(['create', '--save-config=false', '-f', '-', ...JSON_OUT], body),
    get: (kind, namespace, name) => object(['get', typeOf(kind), name, '-n', namespace, ...JSON_OUT]),
    async list(kind, { namespace, labelSelector, fieldSelector, pageSize }) {
      const selectors = [
        ...(labelSelector ? ['-l', labelSelector] : []),
        ...(fieldSelector ? ['--field-selector', fieldSelector] : []),
        ...(pageSize ? ['--chunk-size', `${pageSize}`] : []),
      ]
      const list = await object(['get', typeOf(kind), '-n', namespace, ...selectors, ...JSON_OUT])
      return list.items as AnyObject[]
    },
    update: (_kind, body) => object(['replace', '-f', '-', ...JSON_OUT], body),
    updateStatus: (_kind, body) => object(['replace', '--subresource=status', '-f', '-', ...JSON_OUT], body),
    async patch(kind, namespace, name, type, patch, { subresource, fieldManager, force } = {}) {
      if (type === 'apply') {
        const manager = fieldManager ? ['--field-manager', fieldManager] : []
        const forced = force ? ['--force-conflicts'] : []
        return object(['apply', '--server-side', '-f', '-', ...manager, ...forced, ...JSON_OUT], patch)
      }
      const part = subresource ? ['--subresource', subresource] : []
      const text = JSON.stringify(patch)
      const what = ['patch', typeOf(kind), name, '-n', namespace, '--type', type, '-p', text]
      return object([...what, ...part, ...JSON_OUT])
    },
    async delete(kind, namespace, name, { uid, resourceVersion, propagationPolicy } = {}) {
      if (uid === undefined && resourceVersion === undefined) {
        const cascade = propagationPolicy ? [`--cascade=${propagationPolicy.toLowerCase()}`] : []
        await kubectl(['delete', typeOf(kind), name, '-n', namespace, '--wait=false', ...cascade])
        return
      }
      // It has no options for preconditions, but takes a body for a path.
      const preconditions = { uid, resourceVersion }
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy }
      await kubectl(['delete', '--raw', `${pathOf(kind, namespace)}/${name}`, '-f', '-'], body)
    },
    async watch(kind, { namespace, labelSelector }, onChange) {
      const selector = labelSelector ? ['-l', labelSelector] : []
      const columns = 'custom-columns=TYPE:.type,NAME:.object.metadata.name'
      const what = ['get', typeOf(kind), '-n', namespace, ...selector]
      const child = spawn(
        await toolPath('kubectl'),
        [...what, '--watch', '--output-watch-events', '--no-headers', '-o', columns],
        { env, stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const ended = once(child, 'close')
      createInterface(child.stdout).on('line', line => {
        const [type, name = ''] = line.trim().split(/\s+/)
        onChange({ type: type as Change['type'], name })
      })
      return async () => {
        child.kill()
        await ended
      }
    },
    token: async (namespace, account) =>
      (await kubectl(['create', 'token', account, '-n', namespace])).trim(),
    close: () => rm(folder, { recursive: true }),
  }
}

/** `leases.v1.coordination.k8s.io`: so that no short name is in the way. */
const typeOf = ({ group, version, plural }: Kind) => (group === '' ? plural : `${plural}.${version}.${group}`)

const pathOf = ({ group, version, plural, namespaced }: Kind, namespace: string) =>
  `${group === '' ? '/api' : `/apis/${group}`}/${version}${namespaced ? `/namespaces/${namespace}` : ''}/${plural}`

const CODES: Readonly<Record<string, number>> = {
  AlreadyExists: 409,
  BadRequest: 400,
  Conflict: 409,
  Forbidden: 403,
  Invalid: 422,
  NotFound: 404,
  Unauthorized: 401,
}

/** How kubectl tells a Status: its reason in brackets, or words of its own. */
const TOLD: readonly (readonly [RegExp, string])[] = [
  [/^The \S+ ".*" is invalid: /m, 'Invalid'],
  [/^The request is invalid: /m, 'Invalid'],
  [/^error: Apply failed with \d+ conflicts?: /m, 'Conflict'],
  [/You must be logged in to the server/, 'Unauthorized'],
]

function refusalOf(stderr: string): Refusal {
  const [, named] = /Error from server \((\w+)\)/.exec(stderr) ?? []
  const reason = named ?? TOLD.find(([pattern]) => pattern.test(stderr))?.[1] ?? ''
  return new Refusal(CODES[reason] ?? 0, reason, stderr.trim())
}
