/** Which verb a method means for the path that it is asked of. */
import type { ResourceDefinition, Subresource, Verb } from '../registry/definition.ts'
import { methodNotAllowed, notFound, unknownResource } from '../status/failures.ts'
import { connect } from './connections.ts'
import { remove, removeAll } from './deletes.ts'
import type { ResourcePath } from './path.ts'
import { get, list } from './reads.ts'
import type { Answer, ResourceRequest } from './resource-request.ts'
import { create, patch, update, updateScale } from './writes.ts'

type Answers = Readonly<Record<string, readonly [Verb, Answer]>>

const COLLECTION: Answers = {
  GET: ['list', list],
  POST: ['create', create],
  DELETE: ['deletecollection', removeAll],
}

const OBJECT: Answers = {
  GET: ['get', get],
  PUT: ['update', request => update(request, '')],
  PATCH: ['patch', request => patch(request, '')],
  DELETE: ['delete', remove],
}

const viewOf = (subresource: Subresource): Answers => ({
  GET: ['get', get],
  PUT: ['update', subresource === 'scale' ? updateScale : request => update(request, subresource)],
  PATCH: ['patch', request => patch(request, subresource)],
})

/** Throws a StatusError: 404 if there is no such subresource, 405 if there is no such verb. */
export async function answerResourceRequest(request: ResourceRequest): Promise<void> {
  const { definition, exchange } = request
  if (definition.deprecationWarning !== undefined) exchange.warn(definition.deprecationWarning)
  await answerTo(request)(request)
}

function answerTo({ definition, path, exchange }: ResourceRequest): Answer {
  const method = exchange.method === 'HEAD' ? 'GET' : exchange.method
  if (path.subresource !== undefined) return subresourceAnswer(definition, path, path.subresource, method)
  const isCollection = path.name === undefined
  const [verb, answer] = (isCollection ? COLLECTION : OBJECT)[method] ?? []
  if (verb === undefined || answer === undefined || !definition.verbs.includes(verb)) throw methodNotAllowed()
  // All namespaces at once can be read, and nothing else.
  const isEverywhere = isCollection && definition.namespaced && path.namespace === undefined
  if (isEverywhere && method !== 'GET') throw methodNotAllowed()
  return answer
}

function subresourceAnswer(
  definition: ResourceDefinition,
  { name: owner = '' }: ResourcePath,
  subresource: string,
  method: string,
): Answer {
  const [name] = subresource.split('/', 1)
  // Below a proxy everything is the proxy's.
  const connection = definition.connections?.find(other =>
    other.serve ? other.name === name : other.name === subresource,
  )
  if (connection) return request => connect(request, connection)
  const verbs = verbsOf(definition, subresource)
  if (verbs === undefined) throw definition.custom ? notFound(definition, owner) : unknownResource()
  const [verb, answer] = viewOf(subresource as Subresource)[method] ?? []
  if (verb === undefined || answer === undefined || !verbs.includes(verb)) throw methodNotAllowed()
  return answer
}

const VIEW_VERBS: readonly Verb[] = ['get', 'patch', 'update']

/** Verbs of a subresource that is a view of the object; undefined if there is none. */
function verbsOf(
  { status, scale, views = [] }: ResourceDefinition,
  subresource: string,
): readonly Verb[] | undefined {
  if ((subresource === 'status' && status) || (subresource === 'scale' && scale)) return VIEW_VERBS
  return views.find(({ name }) => name === subresource)?.verbs
}
