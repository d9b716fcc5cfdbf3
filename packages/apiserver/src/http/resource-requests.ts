/** Requests for resources: which verb a method means here, and its answer. */

import { stringify } from 'yaml'
import type {
  Connection,
  ResourceDefinition,
  StoredObject,
  Subresource,
  UserInfo,
  Verb,
} from '../registry/definition.ts'
import { type Accepted, negotiate } from '../representations/negotiate.ts'
import { type Representation, representationOf } from '../representations/representation.ts'
import { parseIncludeObject } from '../representations/table.ts'
import { createObject } from '../rest/create.ts'
import { type Deleted, deleteObject } from '../rest/delete.ts'
import { type Environment, type WriteOptions, writeContext } from '../rest/environment.ts'
import { getObject, listObjects } from '../rest/list.ts'
import { LocalApi } from '../rest/local-api.ts'
import { scaleOf, withScale } from '../rest/scale.ts'
import { replaceObject, type Updated, updateObject } from '../rest/update.ts'
import { badRequest, methodNotAllowed, unknownResource } from '../status/failures.ts'
import { type Exchange, userAgentName } from './exchange.ts'
import { parseListQuery, parseResourceVersion, parseWatchQuery } from './list-options.ts'
import { patchRequest } from './patch-request.ts'
import type { ResourcePath } from './path.ts'
import { booleanParameter, textParameter } from './query.ts'
import { readDocument, toObject } from './read-object.ts'
import { serveWatch } from './watch-stream.ts'
import { parseDeleteOptions, parseWriteOptions } from './write-options.ts'

/** A request for a resource that is served, by a user who may make it. */
export interface ResourceRequest {
  readonly environment: Environment
  readonly definition: ResourceDefinition
  readonly path: ResourcePath
  readonly exchange: Exchange
  readonly user: UserInfo
}

type Answer = (request: ResourceRequest) => Promise<void>

/** Throws a StatusError: 405 if there is no such verb here. */
export function answerResourceRequest(request: ResourceRequest): Promise<void> {
  const { definition, exchange } = request
  if (definition.deprecationWarning !== undefined) exchange.warn(definition.deprecationWarning)
  return answerTo(request)(request)
}

function answerTo({ definition, path, exchange }: ResourceRequest): Answer {
  const method = exchange.method === 'HEAD' ? 'GET' : exchange.method
  if (path.subresource !== undefined) return subresourceAnswer(definition, path.subresource, method)
  const [verb, answer] = (path.name === undefined ? COLLECTION : OBJECT)[method] ?? []
  if (verb === undefined || answer === undefined || !definition.verbs.includes(verb)) throw methodNotAllowed()
  if (path.name === undefined && method !== 'GET' && definition.namespaced && path.namespace === undefined) {
    throw methodNotAllowed()
  }
  return answer
}

const COLLECTION: Readonly<Record<string, [Verb, Answer]>> = {
  GET: ['list', request => (isWatch(request) ? watch(request) : list(request))],
  POST: ['create', create],
  DELETE: ['deletecollection', deleteCollection],
}

const OBJECT: Readonly<Record<string, [Verb, Answer]>> = {
  GET: ['get', request => (request.path.isWatch ? watch(request) : get(request))],
  PUT: ['update', request => update(request, '')],
  PATCH: ['patch', request => patch(request, '')],
  DELETE: ['delete', remove],
}

function subresourceAnswer(definition: ResourceDefinition, subresource: string, method: string): Answer {
  const [name] = subresource.split('/', 1)
  const connection = definition.connections?.find(
    ({ name: known, serve }) => known === subresource || (serve !== undefined && known === name),
  )
  if (connection) return request => connect(request, connection)
  const view = definition.views?.find(({ name }) => name === subresource)
  const [verb, answer] = viewAnswers(subresource as Subresource)[method] ?? []
  const isServed =
    view?.verbs.includes(verb as Verb) ??
    ((subresource === 'status' && definition.status) ||
      (subresource === 'scale' && definition.scale !== undefined))
  if (answer === undefined || !isServed) throw isServed || view ? methodNotAllowed() : unknownResource()
  return answer
}

const viewAnswers = (subresource: Subresource): Readonly<Record<string, [Verb, Answer]>> => ({
  GET: ['get', get],
  PUT: ['update', subresource === 'scale' ? updateScale : request => update(request, subresource)],
  PATCH: ['patch', request => patch(request, subresource)],
})

const isWatch = ({ path, exchange }: ResourceRequest): boolean =>
  path.isWatch || (booleanParameter(exchange.query, 'watch') ?? false)

function representation(
  { definition, environment, exchange }: ResourceRequest,
  accepted: Accepted,
  isList: boolean,
) {
  const include = parseIncludeObject(exchange.query.get('includeObject'))
  return representationOf(definition, accepted, { isList, include, now: environment.now() })
}

/** What is wanted is settled before anything is done. Throws a 406 StatusError. */
function expectObject(request: ResourceRequest): (object: StoredObject, status?: number) => Promise<void> {
  const accepted = negotiate(request.exchange.header('accept'))
  const form = representation(request, accepted, false)
  return (object, status = 200) => sendJson(request.exchange, accepted, form.object(object), status)
}

function sendJson(exchange: Exchange, { mediaType }: Accepted, text: string, status: number): Promise<void> {
  if (mediaType === 'application/yaml') return exchange.send(status, mediaType, stringify(JSON.parse(text)))
  const isPretty = booleanParameter(exchange.query, 'pretty') ?? false
  return exchange.send(status, mediaType, isPretty ? JSON.stringify(JSON.parse(text), null, 2) : text)
}

async function get(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = expectObject(request)
  const version = parseResourceVersion(textParameter(exchange.query, 'resourceVersion'))
  const object = getObject(environment, definition, address(path), version)
  await reply(path.subresource === 'scale' && definition.scale ? scaleOf(definition.scale, object) : object)
}

async function list(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const accepted = negotiate(exchange.header('accept'))
  const form = representation(request, accepted, true)
  const query = parseListQuery(exchange.query, definition)
  const listed = listObjects(environment, definition, path.namespace, query)
  const { items, resourceVersion, ...paging } = listed
  await sendList(exchange, accepted, form, { resourceVersion: String(resourceVersion), ...paging }, items)
}

async function sendList(
  exchange: Exchange,
  accepted: Accepted,
  form: Representation,
  metadata: Parameters<Representation['list']>[0],
  items: readonly StoredObject[],
): Promise<void> {
  const text = form.list(metadata)
  if (accepted.mediaType === 'application/json' && !booleanParameter(exchange.query, 'pretty')) {
    return exchange.sendPieces(accepted.mediaType, pieces(text, items))
  }
  return sendJson(exchange, accepted, [...pieces(text, items)].join(''), 200)
}

function* pieces(
  text: ReturnType<Representation['list']>,
  items: readonly StoredObject[],
): Generator<string> {
  yield text.head
  for (let i = 0; i < items.length; i++) {
    const item = text.item(items[i] as StoredObject)
    yield i === 0 ? item : `,${item}`
  }
  yield text.tail
}

async function watch(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const accepted = negotiate(exchange.header('accept'))
  // Events carry single objects, whatever form the client named.
  const form = representation(request, { ...accepted, shape: eventShape(accepted.shape) }, false)
  const { query } = exchange
  if (path.name !== undefined) query.set('fieldSelector', `metadata.name=${path.name}`)
  await serveWatch(
    environment,
    definition,
    path.namespace,
    parseWatchQuery(query, definition),
    exchange,
    form,
  )
}

const eventShape = (shape: Accepted['shape']): Accepted['shape'] =>
  shape === 'PartialObjectMetadataList' ? 'PartialObjectMetadata' : shape

async function create(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = expectObject(request)
  const options = parseWriteOptions('CreateOptions', exchange.query)
  const document = await readDocument(exchange, definition.kind)
  const object = toObject(environment.registry, definition, document, options.fieldValidation, exchange.warn)
  if (definition.answer) {
    const context = writeContext(environment, definition, '', writeOptions(request, options))
    return reply(await definition.answer(object, context), 201)
  }
  const namespace = definition.namespaced ? path.namespace : undefined
  await reply(createObject(environment, definition, namespace, object, writeOptions(request, options)), 201)
}

async function update(request: ResourceRequest, subresource: Subresource): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = expectObject(request)
  const options = parseWriteOptions('UpdateOptions', exchange.query)
  const document = await readDocument(exchange, definition.kind)
  const object = toObject(environment.registry, definition, document, options.fieldValidation, exchange.warn)
  checkAddress(definition, path, object)
  const write = writeOptions(request, options)
  await replyUpdated(reply, replaceObject(environment, definition, address(path), subresource, object, write))
}

async function updateScale(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = expectObject(request)
  const options = parseWriteOptions('UpdateOptions', exchange.query)
  const { value } = await readDocument(exchange, 'Scale')
  const scale = { metadata: {}, ...value } as unknown as StoredObject
  const { object } = updateObject(
    environment,
    definition,
    address(path),
    { subresource: 'scale', next: old => withScale(definition, old, scale) },
    writeOptions(request, options),
  )
  if (definition.scale) await reply(scaleOf(definition.scale, object))
}

async function patch(request: ResourceRequest, subresource: Subresource): Promise<void> {
  const { environment, definition, path, exchange, user } = request
  const reply = expectObject(request)
  const updated = await patchRequest(environment, definition, address(path), subresource, exchange, user)
  const isScale = subresource === 'scale' && definition.scale
  await replyUpdated(reply, isScale ? { ...updated, object: scaleOf(isScale, updated.object) } : updated)
}

const replyUpdated = (
  reply: (object: StoredObject, status?: number) => Promise<void>,
  { object, created }: Updated,
): Promise<void> => reply(object, created ? 201 : 200)

async function remove(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = expectObject(request)
  const { options, dryRun } = await readDeleteOptions(exchange)
  const deleted = deleteObject(
    environment,
    definition,
    address(path),
    options,
    writeOptions(request, { dryRun }),
  )
  if (!deleted.isGone || definition.deleteAnswersObject) return reply(deleted.object)
  await exchange.send(200, 'application/json', JSON.stringify(success(definition, deleted)))
}

async function deleteCollection(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const accepted = negotiate(exchange.header('accept'))
  const form = representation(request, accepted, true)
  const query = parseListQuery(exchange.query, definition)
  const { options, dryRun } = await readDeleteOptions(exchange)
  const { items, resourceVersion } = listObjects(environment, definition, path.namespace, query)
  for (const { metadata } of items) {
    deleteObject(
      environment,
      definition,
      { namespace: metadata.namespace, name: metadata.name },
      options,
      writeOptions(request, { dryRun }),
    )
  }
  await sendList(exchange, accepted, form, { resourceVersion: String(resourceVersion) }, items)
}

async function readDeleteOptions(exchange: Exchange): Promise<ReturnType<typeof parseDeleteOptions>> {
  const body = await exchange.body()
  if (body.length === 0) return parseDeleteOptions(exchange.query, undefined)
  const { value } = await readDocument(exchange, 'DeleteOptions')
  return parseDeleteOptions(exchange.query, value)
}

async function connect(request: ResourceRequest, connection: Connection): Promise<void> {
  const { environment, definition, path, exchange, user } = request
  const verb = CONNECTION_VERBS[exchange.method]
  if (verb === undefined || !connection.verbs.includes(verb)) throw methodNotAllowed()
  const api = new LocalApi(environment, { user })
  if (connection.serve) {
    const owner = getObject(environment, definition, address(path))
    const context = { ...writeContext(environment, definition, '', { user, warn: exchange.warn }), api }
    return connection.serve(owner, exchange, context)
  }
  const reply = expectObject(request)
  const options = parseWriteOptions(verb === 'create' ? 'CreateOptions' : 'UpdateOptions', exchange.query)
  const hasBody = verb === 'create' || verb === 'update'
  const body = hasBody ? (await readDocument(exchange, connection.kind)).value : undefined
  const owner = getObject(environment, definition, address(path))
  const context = { ...writeContext(environment, definition, '', writeOptions(request, options)), api }
  const answer = await connection.call?.(verb, owner, body as StoredObject | undefined, context)
  await reply(answer as StoredObject, verb === 'create' ? 201 : 200)
}

const CONNECTION_VERBS: Readonly<Record<string, Verb>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

function success(definition: ResourceDefinition, { object }: Deleted): object {
  const { group, plural } = definition
  const { name, uid } = object.metadata
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
  }
}

const address = ({ namespace, name }: ResourcePath) => ({ namespace, name: name ?? '' })

function writeOptions(
  { user, exchange }: ResourceRequest,
  { dryRun, fieldManager }: { readonly dryRun: boolean; readonly fieldManager?: string },
): WriteOptions {
  return { user, dryRun, fieldManager: fieldManager ?? userAgentName(exchange), warn: exchange.warn }
}

/** Name and namespace of a replacement have to be those of the path. Throws a 400 StatusError. */
function checkAddress(definition: ResourceDefinition, path: ResourcePath, { metadata }: StoredObject): void {
  if (!metadata.name) {
    throw badRequest(
      `the name of the object (${path.name} based on URL) was undeterminable: name must be provided`,
    )
  }
  if (metadata.name !== path.name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${path.name})`,
    )
  }
  if (definition.namespaced && metadata.namespace && metadata.namespace !== path.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}
