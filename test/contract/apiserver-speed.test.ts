/** What the API server promises of its speed, measured where a client is. */
import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { after, before, test } from 'node:test'
import { ApiServer } from '@isthmus/apiserver'
import { until } from '../fixtures/until.ts'

const SERVICES = { group: '', plural: 'services' }
const CONFIG_MAPS = { group: '', plural: 'configmaps' }
const OBJECTS = 10_000
const LONGEST_BLOCK_MS = 50
/** Others use the machine too: a promise is kept if it is kept undisturbed. */
const ATTEMPTS = 6

const server = new ApiServer({ controllers: false, serviceCIDRs: ['10.0.0.0/12'] })
let url = ''

before(async () => {
  url = (await server.listen()).url
  for (let i = 0; i < OBJECTS; i++) {
    server.local.create(SERVICES, {
      metadata: { name: `service-${i}`, labels: { app: `app-${i % 100}`, tier: i % 2 ? 'web' : 'data' } },
      spec: { selector: { app: `app-${i % 100}` }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    })
    if (i % 500 === 0) await new Promise(setImmediate)
  }
})
after(() => server.close())

const get = (path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(url + path, { headers }, resolve)
    .on('error', reject)
    .end()
  return promise
}

/** The longest time, in milliseconds, that the event loop took for one turn while something was done. */
async function longestBlock(work: () => Promise<void>): Promise<number> {
  let longest = 0
  let last = performance.now()
  const turn = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const probe = setInterval(turn, 1)
  await work()
  clearInterval(probe)
  turn()
  return longest
}

/** The client is in this process: it throws away what it reads. */
async function download(path: string, headers: Record<string, string>): Promise<number> {
  const response = await get(path, headers)
  let bytes = 0
  for await (const chunk of response) bytes += (chunk as Buffer).length
  assert.equal(response.statusCode, 200)
  return bytes
}

const FORMS: Readonly<Record<string, Record<string, string>>> = {
  JSON: {},
  'JSON, compressed': { 'accept-encoding': 'gzip' },
  'a Table': { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  metadata: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
  protobuf: { accept: 'application/vnd.kubernetes.protobuf' },
}

for (const [form, headers] of Object.entries(FORMS)) {
  test(`a list of ${OBJECTS} objects as ${form} does not hold the event loop`, async () => {
    const blocks: number[] = []
    do {
      let bytes = 0
      blocks.push(
        await longestBlock(async () => {
          bytes = await download('/api/v1/services', headers)
        }),
      )
      assert.ok(bytes > 10 * OBJECTS)
    } while ((blocks.at(-1) ?? 0) > LONGEST_BLOCK_MS && blocks.length < ATTEMPTS)
    assert.ok(Math.min(...blocks) <= LONGEST_BLOCK_MS, `${blocks} ms`)
  })
}

test('nor does a selection of them, or a watch that begins with all', async () => {
  const selected = '/api/v1/services?labelSelector=tier%3Dweb,app%20in%20(app-1,app-3)'
  const watched = '/api/v1/services?watch=true&allowWatchBookmarks=true&timeoutSeconds=1'
  for (const path of [selected, watched]) {
    const blocks: number[] = []
    do blocks.push(await longestBlock(async () => void (await download(path, {}))))
    while ((blocks.at(-1) ?? 0) > LONGEST_BLOCK_MS && blocks.length < ATTEMPTS)
    assert.ok(Math.min(...blocks) <= LONGEST_BLOCK_MS, `${path}: ${blocks} ms`)
  }
})

test('an event for many watchers is encoded once', async context => {
  const watchers = 50
  let told = 0
  const watches = await Promise.all(
    Array.from({ length: watchers }, () =>
      get('/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name=shared'),
    ),
  )
  for (const watch of watches) {
    watch.setEncoding('utf8').on('data', (text: string) => {
      told += text.split('\n').length - 1
    })
  }
  const stringify = context.mock.method(JSON, 'stringify')
  const isIt = (value: unknown) => (value as { metadata?: { name?: string } })?.metadata?.name === 'shared'
  server.local.create(CONFIG_MAPS, { metadata: { name: 'shared' }, data: { k: 'v'.repeat(1000) } })
  await until('all are told', () => told === watchers)
  assert.equal(stringify.mock.calls.filter(({ arguments: [value] }) => isIt(value)).length, 1)
  for (const watch of watches) watch.destroy()
})
