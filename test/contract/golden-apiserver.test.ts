/**
 * The embedded API server gives the answers that were recorded from kube-apiserver: one test per
 * transcript, all against one server, as the transcripts make names of their own.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { ApiServer } from '@isthmus/apiserver'
import { parse } from 'yaml'
import { Client, replay, type Transcript } from '../fixtures/golden/replay.mjs'

const GOLDEN = new URL('../fixtures/golden/apiserver/', import.meta.url)
const CRDS = new URL('../../packages/api/crds/', import.meta.url)
const CUSTOM_RESOURCE_DEFINITIONS = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' }

/** What the answer has beside what was recorded is told apart here: these are compared to the last field. */
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
    server.local.create(CUSTOM_RESOURCE_DEFINITIONS, parse(readFileSync(new URL(file, CRDS), 'utf8')))
  }
})

after(async () => {
  client.close()
  await server.close()
})

for (const group of readdirSync(GOLDEN, { withFileTypes: true })) {
  if (!group.isDirectory()) continue
  describe(group.name, { concurrency: true }, () => {
    const folder = new URL(`${group.name}/`, GOLDEN)
    for (const file of readdirSync(folder)) {
      const transcript = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Transcript
      test(`${transcript.name}: ${transcript.what}`, async () => {
        assert.deepEqual(await replay(transcript, client, { strict: true }), [])
      })
    }
  })
}
