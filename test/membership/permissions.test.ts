/** What the credentials of a membership allow, found out by trying: every verb on every resource. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  type Credential,
  firstCredentialName,
  REGISTRY_SECRET_NAME,
  type RegistryAccess,
  SECRETS,
  secretValue,
} from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { EmbeddedClusters } from './embedded-clusters.ts'
import { everyAttempt } from './every-attempt.ts'

const REGISTRY = 'clusterset-prod'

/** What Kubernetes lets every authenticated user do; SECURITY.md lists it. */
const ANYBODY = [
  'create selfsubjectaccessreviews.authorization.k8s.io',
  'create selfsubjectreviews.authentication.k8s.io',
  'create selfsubjectrulesreviews.authorization.k8s.io',
]

suite('permissions', () => {
  let clusters: EmbeddedClusters
  before(async () => {
    clusters = await EmbeddedClusters.start('east', 'west', 'north')
    await clusters.form('prod', 'east', 'east', 'west', 'north')
  })
  after(() => clusters.stop())

  const secretOf = async <T extends object>(id: string, name: string, namespace: string) => {
    const value = secretValue<T>(await clusters.get(id).client.get(SECRETS, name, namespace))
    assert.ok(value)
    return value
  }
  const reader = async (): Promise<{ client: ClusterClient; account: string }> => {
    const name = firstCredentialName('west', 'east')
    const { token, account } = await secretOf<Credential>('east', name, REGISTRY)
    return { client: clusters.as('west', token), account }
  }

  test('a reader reads the exchange, and its own Secret by its name', async () => {
    const { client, account } = await reader()
    const allowed = await everyAttempt(client, clusters.get('west').client, [
      'isthmus-exchange',
      'isthmus-system',
    ])
    const read = [
      'exportedendpoints.isthmus.dev',
      'exportedservices.isthmus.dev',
      'exportindexes.isthmus.dev',
      'leases.coordination.k8s.io',
    ]
    assert.deepEqual(
      allowed,
      [
        ...ANYBODY,
        `get isthmus-exchange/secrets ${account}`,
        ...read.flatMap(resource =>
          ['get', 'list', 'watch'].map(verb => `${verb} isthmus-exchange/${resource}`),
        ),
      ].sort(),
    )
  })

  test('a member reads the profiles and writes the status of its own, and its Secrets by their names', async () => {
    const { token } = await secretOf<RegistryAccess>('west', REGISTRY_SECRET_NAME, 'isthmus-system')
    const client = clusters.as('east', token)
    const allowed = await everyAttempt(client, clusters.get('east').client, [REGISTRY, 'isthmus-system'])
    const profiles = `${REGISTRY}/clusterprofiles.multicluster.x-k8s.io`
    assert.deepEqual(
      allowed,
      [
        ...ANYBODY,
        `create ${REGISTRY}/serviceaccounts/token member-west`,
        `get ${REGISTRY}/configmaps departed`,
        `get ${REGISTRY}/configmaps lost-member-policy`,
        `get ${REGISTRY}/secrets east.for.west`,
        `get ${REGISTRY}/secrets north.for.west`,
        `get ${profiles}`,
        `list ${profiles}`,
        `patch ${profiles}/status west`,
        `update ${REGISTRY}/secrets west.for.east`,
        `update ${REGISTRY}/secrets west.for.north`,
        `update ${profiles}/status west`,
        `watch ${profiles}`,
      ].sort(),
    )
  })
})
