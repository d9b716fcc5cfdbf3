/**
 * `Impersonate-*` headers: a request as somebody else. Since 1.36 the right to do so can be narrowed to
 * kinds of users and to single verbs (KEP-5284, constrained impersonation); the broad verb
 * `impersonate` still does. The modes are tried in order, and the first one's refusal is told.
 */
import type { UserInfo } from '../registry/definition.ts'
import { badRequest } from '../status/failures.ts'
import type { StatusError } from '../status/status.ts'
import { type Attributes, forbiddenError, type ResourceAttributes } from './attributes.ts'
import type { Authorizer } from './authorizer.ts'
import {
  ANONYMOUS,
  GROUPS,
  parseNodeUsername,
  parseServiceAccountUsername,
  serviceAccountGroups,
} from './users.ts'

/** What the headers ask for, as they say it. */
export interface WantedUser {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

const EXTRA_PREFIX = 'impersonate-extra-'

/** The user that the headers ask for, if they do. Throws 400 if they ask for nobody. */
export function wantedUser(rawHeaders: readonly string[]): WantedUser | undefined {
  let username = ''
  let uid = ''
  const groups: string[] = []
  const extras = new Map<string, string[]>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!name.startsWith('impersonate-')) continue
    const value = rawHeaders[i + 1] as string
    if (name === 'impersonate-user') username ||= value
    else if (name === 'impersonate-uid') uid ||= value
    else if (name === 'impersonate-group') groups.push(value)
    else if (name.startsWith(EXTRA_PREFIX)) {
      const key = decodeKey(name.slice(EXTRA_PREFIX.length))
      extras.set(key, [...(extras.get(key) ?? []), value])
    }
  }
  const wanted = { username, uid, groups, extra: Object.fromEntries(extras) }
  if (username !== '') return wanted
  if (uid === '' && groups.length === 0 && extras.size === 0) return undefined
  throw badRequest(`requested ${inGoSyntax(wanted)} without impersonating a user name`)
}

/** The user that the requestor may act as. Throws 403 if it may not. */
export function impersonate(
  requestor: UserInfo,
  wanted: WantedUser,
  attributes: Attributes,
  authorizer: Authorizer,
): UserInfo {
  let refusal: StatusError | undefined
  for (const mode of MODES) {
    if (!mode.fits(wanted, requestor)) continue
    const refused = firstRefusal(rightsNeeded(mode, wanted, attributes), requestor, authorizer)
    if (refused === undefined) return actingAs(wanted, mode)
    refusal ??= refused
  }
  throw refusal
}

interface Mode {
  /** Part of the verbs `impersonate:NAME` and `impersonate-on:NAME:VERB`; undefined is the broad verb. */
  readonly name: string | undefined
  readonly fits: (wanted: WantedUser, requestor: UserInfo) => boolean
}

const MODES: readonly Mode[] = [
  {
    name: 'associated-node',
    fits: (wanted, requestor) => {
      const node = nameAlone(wanted) ? parseNodeUsername(wanted.username) : undefined
      const own = requestor.extra?.['authentication.kubernetes.io/node-name']
      const isAccount = parseServiceAccountUsername(requestor.username) !== undefined
      return node !== undefined && isAccount && own?.length === 1 && own[0] === node
    },
  },
  {
    name: 'arbitrary-node',
    fits: wanted => nameAlone(wanted) && parseNodeUsername(wanted.username) !== undefined,
  },
  {
    name: 'serviceaccount',
    fits: wanted => nameAlone(wanted) && parseServiceAccountUsername(wanted.username) !== undefined,
  },
  {
    name: 'user-info',
    fits: ({ username }) =>
      parseNodeUsername(username) === undefined && parseServiceAccountUsername(username) === undefined,
  },
  { name: undefined, fits: () => true },
]

const nameAlone = ({ uid, groups, extra }: WantedUser): boolean =>
  uid === '' && groups.length === 0 && Object.keys(extra).length === 0

/** What the requestor must be allowed to do; with a text it is refused whatever the roles say. */
type Right = readonly [attributes: Attributes, refused?: string | undefined]

const AUTHENTICATION_GROUP = 'authentication.k8s.io'

function* rightsNeeded(mode: Mode, wanted: WantedUser, attributes: Attributes): Generator<Right> {
  const constrained = mode.name !== undefined
  const verb = constrained ? `impersonate:${mode.name}` : 'impersonate'
  const right = (
    group: string,
    resource: string,
    name: string,
    more: Partial<ResourceAttributes> = {},
  ): Right => [{ verb, group, version: 'v1', resource, subresource: '', namespace: '', name, ...more }]
  if (constrained) yield [{ ...attributes, verb: `impersonate-on:${mode.name}:${attributes.verb}` }]

  const identityGroup = constrained ? AUTHENTICATION_GROUP : ''
  const account = parseServiceAccountUsername(wanted.username)
  const node = constrained ? parseNodeUsername(wanted.username) : undefined
  if (account) yield right(identityGroup, 'serviceaccounts', account.name, { namespace: account.namespace })
  else if (node) yield right(identityGroup, 'nodes', mode.name === 'associated-node' ? '*' : node)
  else yield right(identityGroup, 'users', wanted.username)

  if (wanted.uid !== '') yield right(AUTHENTICATION_GROUP, 'uids', wanted.uid)
  for (const group of wanted.groups) {
    const [attributesOfGroup] = right(identityGroup, 'groups', group)
    yield [attributesOfGroup, constrained ? REFUSED_GROUPS.get(group) : undefined]
  }
  for (const [key, values] of Object.entries(wanted.extra)) {
    for (const value of values) {
      const [attributesOfValue] = right(AUTHENTICATION_GROUP, 'userextras', value, { subresource: key })
      yield [attributesOfValue, constrained ? refusedExtra(key, value) : undefined]
    }
  }
}

const REFUSED_GROUPS: ReadonlyMap<string, string> = new Map([
  ['', 'impersonating the empty string group is not allowed'],
  [GROUPS.masters, `impersonating the ${GROUPS.masters} group is not allowed`],
])

function refusedExtra(key: string, value: string): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed'
  if (value === '') return 'impersonating the empty string value in extra is not allowed'
  return undefined
}

function firstRefusal(
  rights: Iterable<Right>,
  requestor: UserInfo,
  authorizer: Authorizer,
): StatusError | undefined {
  for (const [attributes, refused] of rights) {
    if (refused !== undefined) return forbiddenError(requestor, attributes, refused)
    const { allowed, reason } = authorizer.authorize(requestor, attributes)
    if (!allowed) return forbiddenError(requestor, attributes, reason)
  }
  return undefined
}

function actingAs({ username, uid, groups, extra }: WantedUser, mode: Mode): UserInfo {
  const all = [...(groups.length > 0 ? groups : fixedGroups(username, mode))]
  const membership = username === ANONYMOUS.username ? GROUPS.unauthenticated : GROUPS.authenticated
  if (!all.includes(membership) && !all.includes(GROUPS.unauthenticated)) all.push(membership)
  return {
    username,
    ...(uid === '' ? {} : { uid }),
    groups: all,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

/** Groups that a kind of user always has. */
function fixedGroups(username: string, mode: Mode): readonly string[] {
  const account = parseServiceAccountUsername(username)
  if (account) return serviceAccountGroups(account.namespace)
  return mode.name !== undefined && parseNodeUsername(username) ? [GROUPS.nodes] : []
}

/** As Go prints it with `%#v`: the text of kube-apiserver's refusal. */
function inGoSyntax({ username, uid, groups, extra }: WantedUser): string {
  const list = (items: readonly string[]) => `[]string{${items.map(item => JSON.stringify(item)).join(', ')}}`
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`)
  const groupList = groups.length === 0 ? '[]string(nil)' : list(groups)
  const extraMap = entries.length === 0 ? '(nil)' : `{${entries.sort().join(', ')}}`
  const fields = `Name:${JSON.stringify(username)}, UID:${JSON.stringify(uid)}, Groups:${groupList}`
  return `&user.DefaultInfo{${fields}, Extra:map[string][]string${extraMap}}`
}

/** Header names have fewer characters than keys: the rest is percent-encoded. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
