/** Requests for subresources that are no part of the object: tokens, bindings, logs, proxies. */
import type { Connection, StoredObject, Verb } from '../registry/definition.ts'
import { writeContext } from '../rest/environment.ts'
import { getObject } from '../rest/list.ts'
import { LocalApi } from '../rest/local-api.ts'
import { methodNotAllowed } from '../status/failures.ts'
import { readDocument } from './read-object.ts'
import { Reply } from './reply.ts'
import { addressOf, type ResourceRequest, writeOptionsOf } from './resource-request.ts'
import { parseWriteOptions } from './write-options.ts'

const VERBS: Readonly<Record<string, Verb>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Throws a StatusError: 405 if the subresource has no such verb. */
export async function connect(request: ResourceRequest, connection: Connection): Promise<void> {
  const { environment, definition, exchange, user } = request
  const verb = VERBS[exchange.method]
  if (verb === undefined || !connection.verbs.includes(verb)) throw methodNotAllowed()
  const api = new LocalApi(environment, { user })
  if (connection.serve) {
    const context = { ...writeContext(environment, definition, '', { user, warn: exchange.warn }), api }
    return connection.serve(getObject(environment, definition, addressOf(request)), exchange, context)
  }
  const reply = new Reply(request, 'object')
  const options = parseWriteOptions(verb === 'create' ? 'CreateOptions' : 'UpdateOptions', exchange.query)
  const hasBody = verb === 'create' || verb === 'update'
  const body = hasBody ? (await readDocument(exchange, connection.kind)).value : undefined
  const owner = getObject(environment, definition, addressOf(request))
  const context = { ...writeContext(environment, definition, '', writeOptionsOf(request, options)), api }
  const answer = await connection.call?.(verb, owner, body as StoredObject | undefined, context)
  await reply.object(answer as StoredObject, verb === 'create' ? 201 : 200)
}
