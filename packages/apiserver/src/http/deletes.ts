/** DELETE: of one object, and of all that are selected. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { deleteObject } from '../rest/delete.ts'
import { listObjects } from '../rest/list.ts'
import { StatusError } from '../status/status.ts'
import type { Exchange } from './exchange.ts'
import { parseListQuery } from './list-options.ts'
import { readDocument } from './read-object.ts'
import { Reply } from './reply.ts'
import { addressOf, type ResourceRequest, writeOptionsOf } from './resource-request.ts'
import { parseDeleteOptions } from './write-options.ts'

/** Objects that one turn deletes. */
const TURN_DELETES = 200

export async function remove(request: ResourceRequest): Promise<void> {
  const { environment, definition, exchange } = request
  const reply = new Reply(request, 'object')
  const { options, dryRun } = await readDeleteOptions(exchange)
  const write = writeOptionsOf(request, { dryRun })
  const { object, isGone } = deleteObject(environment, definition, addressOf(request), options, write)
  if (!isGone || definition.deleteAnswersObject) return reply.object(object)
  await reply.document(success(definition, object))
}

export async function removeAll(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = new Reply(request, 'list')
  const query = parseListQuery(exchange.query, definition)
  const { options, dryRun } = await readDeleteOptions(exchange)
  const { items, resourceVersion } = listObjects(environment, definition, path.namespace, query)
  const write = writeOptionsOf(request, { dryRun })
  for (const [i, { metadata }] of items.entries()) {
    const { namespace, name } = metadata
    if (i > 0 && i % TURN_DELETES === 0) await new Promise(done => setImmediate(done))
    try {
      deleteObject(environment, definition, { namespace, name }, options, write)
    } catch (error) {
      // Somebody else deleted it in a turn in between.
      if (!(error instanceof StatusError && error.code === 404)) throw error
    }
  }
  await reply.list({ resourceVersion: String(resourceVersion) }, items)
}

async function readDeleteOptions(exchange: Exchange): Promise<ReturnType<typeof parseDeleteOptions>> {
  const body = await exchange.body()
  if (body.length === 0) return parseDeleteOptions(exchange.query, undefined)
  const { value } = await readDocument(exchange, 'DeleteOptions')
  return parseDeleteOptions(exchange.query, value)
}

const success = (
  { group, plural }: ResourceDefinition,
  { metadata: { name, uid } }: StoredObject,
): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
})
