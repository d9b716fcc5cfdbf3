/** POST, PUT and PATCH of objects. */
import type { StoredObject, Subresource } from '../registry/definition.ts'
import { createObject } from '../rest/create.ts'
import { writeContext } from '../rest/environment.ts'
import { checkName } from '../rest/object-name.ts'
import { scaleOf, withScale } from '../rest/scale.ts'
import { replaceObject, updateObject } from '../rest/update.ts'
import { badRequest } from '../status/failures.ts'
import { patchRequest } from './patch-request.ts'
import { readDocument, toObject } from './read-object.ts'
import { Reply } from './reply.ts'
import { addressOf, type ResourceRequest, writeOptionsOf } from './resource-request.ts'
import { parseWriteOptions, type RequestWriteOptions } from './write-options.ts'

export async function create(request: ResourceRequest): Promise<void> {
  const { environment, definition, path, exchange } = request
  const reply = new Reply(request, 'object')
  const options = parseWriteOptions('CreateOptions', exchange.query)
  const object = await readObject(request, options)
  const write = writeOptionsOf(request, options)
  if (definition.answer) {
    return reply.object(
      await definition.answer(object, writeContext(environment, definition, '', write)),
      201,
    )
  }
  const namespace = definition.namespaced ? path.namespace : undefined
  await reply.object(createObject(environment, definition, namespace, object, write), 201)
}

export async function update(request: ResourceRequest, subresource: Subresource): Promise<void> {
  const { environment, definition, exchange } = request
  const reply = new Reply(request, 'object')
  const options = parseWriteOptions('UpdateOptions', exchange.query)
  const body = await readObject(request, options)
  checkAddress(request, body)
  const write = writeOptionsOf(request, options)
  const updated = replaceObject(environment, definition, addressOf(request), subresource, body, write)
  await reply.object(updated.object, updated.created ? 201 : 200)
}

/** PUT of a Scale: the replicas of the object that it is a view of. */
export async function updateScale(request: ResourceRequest): Promise<void> {
  const { environment, definition, exchange } = request
  const reply = new Reply(request, 'object')
  const options = parseWriteOptions('UpdateOptions', exchange.query)
  const { value } = await readDocument(exchange, 'Scale')
  const scale = { metadata: {}, ...value } as unknown as StoredObject
  const next = (old: StoredObject) => withScale(definition, old, scale)
  const write = writeOptionsOf(request, options)
  const updated = updateObject(
    environment,
    definition,
    addressOf(request),
    { subresource: 'scale', next },
    write,
  )
  if (definition.scale) await reply.object(scaleOf(definition.scale, updated.object))
}

export async function patch(request: ResourceRequest, subresource: Subresource): Promise<void> {
  const { environment, definition, exchange } = request
  const reply = new Reply(request, 'object')
  const { object, created } = await patchRequest(
    environment,
    definition,
    addressOf(request),
    subresource,
    exchange,
    request,
  )
  const paths = subresource === 'scale' ? definition.scale : undefined
  await reply.object(paths ? scaleOf(paths, object) : object, created ? 201 : 200)
}

async function readObject(
  { environment, definition, exchange }: ResourceRequest,
  { fieldValidation }: RequestWriteOptions,
): Promise<StoredObject> {
  const document = await readDocument(exchange, definition.kind)
  return toObject(environment.registry, definition, document, fieldValidation, exchange.warn)
}

/** Name and namespace of a replacement have to be those of the path. Throws a 400 StatusError. */
function checkAddress({ definition, path }: ResourceRequest, { metadata }: StoredObject): void {
  checkName(path.name ?? '', metadata.name)
  if (definition.namespaced && metadata.namespace && metadata.namespace !== path.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}
