/** The client of an agent's own cluster, which knows what helps against a missing permission. */
import { errorOf } from '@isthmus/api'
import {
  ApiError,
  type ClusterClient,
  type ErrorContext,
  explainError,
  type RawResponse,
} from '@isthmus/kube'
import { ERRORS } from '../errors.ts'
import { AGENT_NAME } from '../install/objects.ts'

/** The agent's role in its own cluster lacks something: it was installed by an earlier version, or changed since. */
export class MissingPermissionError extends ApiError {
  /** `we may not list secrets in namespace isthmus-system (403)`. */
  readonly what: string
  /** What to do, to follow a colon. */
  readonly wayOut: string

  constructor({ code, status, request, message }: ApiError) {
    const { verb = 'do this with', resource = 'what is needed', namespace } = request ?? {}
    const what = `we may not ${verb} ${resource}${namespace === undefined ? '' : ` in namespace ${namespace}`} (403)`
    const wayOut = wayOutFor(/[Uu]ser "([^"]+)"/.exec(message)?.[1])
    super(code, `${what}: ${wayOut}`, { status, ...(request === undefined ? {} : { request }) })
    this.name = 'MissingPermissionError'
    this.what = what
    this.wayOut = wayOut
  }
}

function wayOutFor(user: string | undefined): string {
  return user === undefined || user.endsWith(`:${AGENT_NAME}`)
    ? 'run `isthmus install` for this cluster again, it gives the agent what this version needs'
    : `the user ${user} lacks what the account ${AGENT_NAME} has, which \`isthmus install\` makes: run the agent as that`
}

/** As authorizers say it; a quota, a webhook and a namespace that is being deleted refuse with 403 as well. */
const NOT_AUTHORIZED = / cannot \w+ resource "| is attempting to grant RBAC permissions not currently held/

/** Of all that the own cluster refuses, whatever the resource, what an installation mends says so. */
export function ownClient(client: ClusterClient): ClusterClient {
  const tell = (error: unknown): never => {
    throw explained(error)
  }
  return {
    server: client.server,
    get: (...args) => client.get(...args).catch(tell),
    list: (...args) => client.list(...args).catch(tell),
    create: (...args) => client.create(...args).catch(tell),
    update: (...args) => client.update(...args).catch(tell),
    updateStatus: (...args) => client.updateStatus(...args).catch(tell),
    patch: (...args) => client.patch(...args).catch(tell),
    delete: (...args) => client.delete(...args).catch(tell),
    watch: (...args) => watched(client.watch(...args), tell),
    raw: async (path, request) => {
      const answer = await client.raw(path, request)
      if (answer.status === 403) throwIfMissing(answer, path, request?.method ?? 'GET', client.server)
      return answer
    },
    close: () => client.close(),
  }
}

/** To be told to a person. */
export function explainOwn(error: unknown, context: ErrorContext): Error {
  const told = explained(error)
  if (!(told instanceof MissingPermissionError)) return explainError(told, context)
  const { what, wayOut } = told
  return errorOf(ERRORS.permissionMissing, { doing: context.doing, what, wayOut: capitalized(wayOut) }, told)
}

function explained(error: unknown): unknown {
  const isMissing =
    error instanceof ApiError &&
    !(error instanceof MissingPermissionError) &&
    error.code === 403 &&
    NOT_AUTHORIZED.test(error.message)
  return isMissing ? new MissingPermissionError(error) : error
}

/** A watch is refused before its first event: those that follow pass as they are. */
function watched<T>(events: AsyncIterable<T>, tell: (error: unknown) => never): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = events[Symbol.asyncIterator]()
      let isFirst = true
      return {
        next: () => {
          if (!isFirst) return inner.next()
          isFirst = false
          return inner.next().catch(tell)
        },
        return: async value => (await inner.return?.(value)) ?? { done: true, value },
      }
    },
  }
}

/** What is asked for by its path is answered, whatever the answer; only this one is worth no other look. */
function throwIfMissing({ body }: RawResponse, path: string, method: string, server: string): void {
  const message = messageOf(body)
  if (!NOT_AUTHORIZED.test(message)) return
  const verb = method === 'POST' ? 'create' : method.toLowerCase()
  const [, namespace, resource = path] = /\/namespaces\/([^/]+)\/(.+)$/.exec(path) ?? []
  throw new MissingPermissionError(
    new ApiError(403, message, {
      request: { verb, resource, server, ...(namespace === undefined ? {} : { namespace }) },
    }),
  )
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { message?: unknown } | null)?.message ?? '')
  } catch {
    return ''
  }
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
