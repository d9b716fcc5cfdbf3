/**
 * The embedded API server gives the answers that were recorded from kube-apiserver: one test per
 * transcript, all against one server, as the transcripts make names of their own.
 */
import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ApiServer } from '@isthmus/apiserver'
import { parse } from 'yaml'
import { Client, replay, type Transcript } from '../fixtures/golden/replay.mjs'

const GOLDEN = new URL('../fixtures/golden/apiserver/', import.meta.url)
const CRDS = new URL('../../packages/api/crds/', import.meta.url)
const CUSTOM_RESOURCE_DEFINITIONS = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' }

const server = new ApiServer({ tls: true, authorization: 'RBAC' })
let client: Client

before(async () => {
  const { url } = await server.listen()
  const { 'current-context': _, clusters, users } = await server.kubeconfig()
  const decode = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64')
  client = new Client({
    url,
    ca: decode(clusters[0]?.cluster['certificate-authority-data']),
    cert: decode(users[0]?.user['client-certificate-data']),
    key: decode(users[0]?.user['client-key-data']),
  })
  for (const file of readdirSync(CRDS)) {
    const definition = parse(readFileSync(new URL(file, CRDS), 'utf8'))
    server.local.create(CUSTOM_RESOURCE_DEFINITIONS, definition)
  }
})

after(async () => {
  client.close()
  await server.close()
})

const transcripts = globSync('*/*.json', { cwd: fileURLToPath(GOLDEN) })
  .sort()
  .map(file => JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')) as Transcript)

// Side by side: most of the time is spent waiting for what must not happen.
describe('as kube-apiserver v1.36.2', { concurrency: 16 }, () => {
  for (const transcript of transcripts) {
    test(`${transcript.name}: ${transcript.what}`, async () => {
      assert.deepEqual(await replay(transcript, client, { strict: true }), [])
    })
  }
})
