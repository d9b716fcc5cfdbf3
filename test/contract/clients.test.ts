/**
 * One contract, several clients: real kubectl, the official JavaScript client in both of its ways, and our
 * own. Whatever differs between them is a bug of the server, or of ours.
 */
import { after, before, describe, test } from 'node:test'
import { ApiServer } from '@isthmus/apiserver'
import { CASES } from './clients/cases.ts'
import type { ContractClient, Judge } from './clients/contract-client.ts'
import { kube } from './clients/kube.ts'
import { kubectl } from './clients/kubectl.ts'
import { officialObjects } from './clients/official-objects.ts'
import { officialTyped } from './clients/official-typed.ts'

const JUDGES: Readonly<Record<string, Judge>> = {
  '@isthmus/kube': kube,
  '@kubernetes/client-node, typed': officialTyped,
  '@kubernetes/client-node, KubernetesObjectApi': officialObjects,
  kubectl,
}
const NAMESPACES = { group: '', plural: 'namespaces' }

const server = new ApiServer({ tls: true, authorization: 'RBAC' })
let kubeconfig: Awaited<ReturnType<typeof server.kubeconfig>>

before(async () => {
  await server.listen()
  kubeconfig = await server.kubeconfig()
})
after(() => server.close())

/** The kubeconfig of somebody who has a token and nothing else. */
function kubeconfigWith(token: string): string {
  const [user] = kubeconfig.users
  return JSON.stringify({ ...kubeconfig, users: [{ ...user, user: { token } }] })
}

for (const [n, [name, judge]] of Object.entries(JUDGES).entries()) {
  describe(name, { concurrency: 4 }, () => {
    let client: ContractClient
    before(async () => {
      client = await judge(JSON.stringify(kubeconfig))
    })
    after(() => client.close())

    for (const [m, [what, run]] of Object.entries(CASES).entries()) {
      test(what, { timeout: 20_000 }, async () => {
        const namespace = `judge${n}-case${m}`
        server.local.create(NAMESPACES, { metadata: { name: namespace } })
        await run({ client, namespace, as: token => judge(kubeconfigWith(token)) })
      })
    }
  })
}
