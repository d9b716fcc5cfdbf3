/**
 * What a request wants to do, as authorization sees it. Read from method and URL alone, as
 * kube-apiserver's RequestInfo: what is not served is forbidden before it is not found.
 */
import { parsePath, type Target } from '../http/path.ts'
import { booleanParameter } from '../http/query.ts'
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

/** Attributes of a request; `url` is what follows host and port. */
export function requestAttributes(method: string, url: string): Attributes {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  return attributesOf(method, targetOf(path), new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)))
}

/** What cannot be decoded is not served either. */
function targetOf(path: string): Target {
  try {
    return parsePath(path)
  } catch {
    return { type: 'other', path }
  }
}

/**
 * Attributes of a request, from the path as it will be served: two readings of one path would be a way
 * round authorization.
 */
function attributesOf(method: string, target: Target, query: URLSearchParams): Attributes {
  if (target.type !== 'resource') return { verb: method.toLowerCase(), path: pathOf(target) }
  const { group, version, plural, name = '', subresource = '', isWatch } = target
  const attributes = {
    group,
    version,
    resource: plural,
    // What follows the subresource is its own affair: pods/NAME/proxy/any/path.
    subresource: subresource.split('/')[0] as string,
    // A Namespace is in itself: its own Roles can give rights on it.
    namespace: target.namespace ?? (plural === 'namespaces' ? name : ''),
    name,
  }
  const verb = isWatch ? 'watch' : (VERBS[method] ?? '')
  if (name !== '' || isWatch) return { verb, ...attributes }
  if (verb === 'delete') return { verb: 'deletecollection', ...attributes }
  if (verb !== 'get') return { verb, ...attributes }
  const watching = booleanParameter(query, 'watch') ?? false
  return { ...attributes, verb: watching ? 'watch' : 'list', name: selectedName(query) }
}

function pathOf(target: Exclude<Target, { type: 'resource' }>): string {
  switch (target.type) {
    case 'group':
      return `/apis/${target.group}`
    case 'version':
      return target.group === '' ? `/api/${target.version}` : `/apis/${target.group}/${target.version}`
    case 'other':
      return target.path
    default:
      return `/${target.type}`
  }
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
