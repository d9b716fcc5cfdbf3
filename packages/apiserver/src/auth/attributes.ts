/**
 * What a request wants to do, as authorization sees it. Read from method and URL alone, as
 * kube-apiserver's RequestInfo: a path that is not served is forbidden before it is not found.
 */
import type { UserInfo } from '../registry/definition.ts'
import { forbidden } from '../status/failures.ts'
import { failure, type StatusError } from '../status/status.ts'

export type Attributes = ResourceAttributes | PathAttributes

export interface ResourceAttributes {
  /** `get`, `list`, `watch`, `create`, … or a verb of its own such as `impersonate`. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  /** Empty without. */
  readonly subresource: string
  /** Empty at the cluster scope. */
  readonly namespace: string
  /** Empty if the request names no object. */
  readonly name: string
}

/** A path that is no resource's: discovery, `/healthz`, `/metrics`. */
export interface PathAttributes {
  /** The HTTP method, in lower case. */
  readonly verb: string
  readonly path: string
}

export const isResource = (attributes: Attributes): attributes is ResourceAttributes =>
  !('path' in attributes)

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Below /namespaces/NAME these are subresources of the Namespace, anything else is a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/** Attributes of a request; `url` is what follows host and port. */
export function attributesOf(method: string, url: string): Attributes {
  const questionMark = url.indexOf('?')
  const path = decodePath(questionMark === -1 ? url : url.slice(0, questionMark))
  const rest = resourceSegments(path.replace(/^\/+|\/+$/g, '').split('/'))
  if (rest === undefined) return { verb: method.toLowerCase(), path }

  const { group, version, parts } = rest
  const watching = parts[0] === 'watch' && parts.length > 1
  if (watching) parts.shift()
  const namespaced = parts[0] === 'namespaces'
  const namespace = namespaced ? (parts[1] ?? '') : ''
  if (namespaced && parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] as string)) parts.splice(0, 2)
  const [resource = '', name = '', subresource = ''] = parts
  const attributes = { group, version, resource, subresource, namespace, name }

  const verb = watching ? 'watch' : (VERBS[method] ?? '')
  if (name !== '' || watching) return { verb, ...attributes }
  if (verb === 'delete') return { verb: 'deletecollection', ...attributes }
  if (verb !== 'get') return { verb, ...attributes }
  const query = new URLSearchParams(questionMark === -1 ? '' : url.slice(questionMark + 1))
  return { ...attributes, verb: isTrue(query.get('watch')) ? 'watch' : 'list', name: selectedName(query) }
}

/** `[group, version, …]` of the paths below /api and /apis that name a resource. */
function resourceSegments(
  segments: readonly string[],
): { group: string; version: string; parts: string[] } | undefined {
  const [root, first = '', second = '', ...rest] = segments
  if (root === 'api' && segments.length >= 3) return { group: '', version: first, parts: [second, ...rest] }
  if (root === 'apis' && segments.length >= 4) return { group: first, version: second, parts: rest }
  return undefined
}

/** A list or watch of one name is authorized for that name: `resourceNames` of a rule can allow it. */
function selectedName(query: URLSearchParams): string {
  const term = query
    .get('fieldSelector')
    ?.split(',')
    .find(t => /^metadata\.name==?/.test(t))
  const name = term?.replace(/^metadata\.name==?/, '') ?? ''
  return /[/%]|^\.\.?$/.test(name) ? '' : name
}

const isTrue = (value: string | null): boolean => value !== null && !/^(false|0)$/i.test(value)

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** 403 with kube-apiserver's text. `reason` is what the authorizer has to say beside "no". */
export function forbiddenError(user: UserInfo, attributes: Attributes, reason = ''): StatusError {
  const text = `${escapeMarkup(denial(user, attributes))}${reason === '' ? '' : `: ${reason}`}`
  return isResource(attributes)
    ? forbidden({ group: attributes.group, plural: attributes.resource }, attributes.name, text)
    : failure(403, 'Forbidden', `forbidden: ${text}`, {})
}

function denial(user: UserInfo, attributes: Attributes): string {
  const subject = `User ${JSON.stringify(user.username)} cannot ${attributes.verb}`
  if (!isResource(attributes)) return `${subject} path ${JSON.stringify(attributes.path)}`
  const { resource, subresource, group, namespace } = attributes
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`)
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  return `${subject} resource ${what} in API group ${JSON.stringify(group)} ${where}`
}

/** A browser that shows the answer must not take a user's name for markup. */
const escapeMarkup = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
