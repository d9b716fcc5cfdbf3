/** The contract by @isthmus/kube. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesObject } from '@isthmus/api'
import { ApiError, connect, loadCredentials, Reflector } from '@isthmus/kube'
import { type AnyObject, type ContractClient, type Judge, type Kind, Refusal } from './contract-client.ts'

export const kube: Judge = async kubeconfig => {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-contract-'))
  const file = join(folder, 'kubeconfig')
  await writeFile(file, kubeconfig, { mode: 0o600 })
  const client = connect(loadCredentials({ kubeconfig: file }))
  const contract: ContractClient = {
    create: (kind, object) => told(client.create(typed(kind), object)),
    get: (kind, namespace, name) => told(client.get(typed(kind), name, namespaceOf(kind, namespace))),
    async list(kind, { namespace, pageSize, ...selectors }) {
      const items: AnyObject[] = []
      let next: string | undefined
      do {
        const page = await told(
          client.list(typed(kind), {
            namespace: namespaceOf(kind, namespace),
            ...selectors,
            limit: pageSize,
            continue: next,
          }),
        )
        items.push(...page.items)
        next = page.metadata.continue || undefined
      } while (next !== undefined)
      return items
    },
    update: (kind, object) => told(client.update(typed(kind), object)),
    updateStatus: (kind, object) => told(client.updateStatus(typed(kind), object)),
    patch: (kind, namespace, name, contentType, patch, options = {}) =>
      told(client.patch(typed(kind), name, namespaceOf(kind, namespace), patch, { contentType, ...options })),
    delete: (kind, namespace, name, options = {}) =>
      told(client.delete(typed(kind), name, namespaceOf(kind, namespace), options)),
    async watch(kind, { namespace, labelSelector }, onChange) {
      const reflector = new Reflector<AnyObject>({ client, type: typed(kind), namespace, labelSelector })
      reflector.store.subscribe((_key, object, previous) => {
        const type = object === undefined ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED'
        onChange({ type, name: (object ?? previous)?.metadata.name ?? '' })
      })
      reflector.start()
      await reflector.whenSynced(AbortSignal.timeout(10_000))
      return () => reflector.stop()
    },
    async token(namespace, serviceAccount) {
      const { status, body } = await client.raw(
        `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}',
        },
      )
      const answer = JSON.parse(body)
      if (status !== 201) throw new Refusal(status, answer.reason, answer.message)
      return answer.status.token
    },
    async close() {
      await client.close()
      await rm(folder, { recursive: true })
    },
  }
  return contract
}

const typed = (kind: Kind) => kind as Kind & { readonly object?: AnyObject & KubernetesObject }
const namespaceOf = ({ namespaced }: Kind, namespace: string) => (namespaced ? namespace : undefined)

const told = <T>(answer: Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    if (error instanceof ApiError) throw new Refusal(error.code, error.reason, error.message, error)
    throw error
  })
