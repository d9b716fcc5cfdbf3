/** GET: one object, a list, a watch. */
import { getObject, listObjects } from '../rest/list.ts'
import { scaleOf } from '../rest/scale.ts'
import { parseListQuery, parseResourceVersion, parseWatchQuery } from './list-options.ts'
import { booleanParameter, textParameter } from './query.ts'
import { Reply } from './reply.ts'
import { addressOf, type ResourceRequest } from './resource-request.ts'
import { serveWatch } from './watch-stream.ts'

export async function get(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  if (path.isWatch) return watch(request)
  const reply = new Reply(request, 'object')
  const version = parseResourceVersion(textParameter(exchange.query, 'resourceVersion'))
  const object = getObject(environment, definition, addressOf(request), version)
  await reply.object(
    path.subresource === 'scale' && definition.scale ? scaleOf(definition.scale, object) : object,
  )
}

export async function list(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  if (path.isWatch || booleanParameter(exchange.query, 'watch')) return watch(request)
  const reply = new Reply(request, 'list')
  const query = parseListQuery(exchange.query, definition)
  const { items, resourceVersion, ...paging } = listObjects(environment, definition, path.namespace, query)
  await reply.list({ resourceVersion: String(resourceVersion), ...paging }, items)
}

async function watch({ path, ...request }: ResourceRequest): Promise<void> {
  const { environment, definition, exchange } = request
  const { stream } = new Reply({ ...request, path }, 'watch')
  if (path.name !== undefined) exchange.query.set('fieldSelector', `metadata.name=${path.name}`)
  const query = parseWatchQuery(exchange.query, definition)
  await serveWatch(environment, definition, path.namespace, query, exchange, stream)
}
