import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IsthmusError, type Status } from '@isthmus/api'
import { ApiError, type RequestDescription } from './client/api-error.ts'
import { ConnectionError } from './client/connection-error.ts'
import { explainError } from './explain-error.ts'

const server = 'https://east.example:6443'
const request: RequestDescription = { verb: 'list', resource: 'services', namespace: 'demo', server }

function refusal(code: number, status: Partial<Status> = {}, of: Partial<RequestDescription> = {}): ApiError {
  const full: Status = { apiVersion: 'v1', kind: 'Status', code, ...status }
  return new ApiError(code, status.message ?? `HTTP status ${code}`, {
    status: full,
    request: { ...request, ...of },
  })
}

const EXPLANATIONS: readonly (readonly [name: string, error: Error, code: string, words: RegExp])[] = [
  [
    'refused connection',
    new ConnectionError(server, 'GET', { cause: { code: 'ECONNREFUSED' } }),
    'ISTHMUS_CLUSTER_UNREACHABLE',
    /^Could not list the services: the API server https:\/\/east\.example:6443 \(context east\) cannot be reached: the connection was refused/,
  ],
  [
    'unknown host, tried at several addresses',
    new ConnectionError(server, 'GET', { cause: { errors: [{ code: 'ENOTFOUND' }] } }),
    'ISTHMUS_CLUSTER_UNREACHABLE',
    /name of the server cannot be resolved \(ENOTFOUND\)/,
  ],
  [
    'no credentials',
    refusal(401, { reason: 'Unauthorized' }),
    'ISTHMUS_UNAUTHORIZED',
    /does not accept these credentials/,
  ],
  [
    'no permission',
    refusal(403, { reason: 'Forbidden', message: 'User "bob" cannot list services.' }),
    'ISTHMUS_FORBIDDEN',
    /you may not list services in namespace demo \(context east\) \(User "bob" cannot list services\)\.$/,
  ],
  [
    'no permission in all namespaces',
    refusal(403, { reason: 'Forbidden' }, { namespace: undefined }),
    'ISTHMUS_FORBIDDEN',
    /you may not list services in all namespaces/,
  ],
  [
    'no permission in the cluster',
    refusal(403, { reason: 'Forbidden' }, { namespace: undefined, resource: 'nodes', clusterScoped: true }),
    'ISTHMUS_FORBIDDEN',
    /you may not list nodes in the cluster/,
  ],
  [
    'missing CRD',
    new ApiError(404, '404 page not found', {
      request: { ...request, resource: 'serviceimports.multicluster.x-k8s.io' },
    }),
    'ISTHMUS_KIND_MISSING',
    /does not serve serviceimports\.multicluster\.x-k8s\.io/,
  ],
  [
    'missing object',
    refusal(404, { reason: 'NotFound', message: 'services "a" not found', details: { name: 'a' } }),
    'ISTHMUS_NOT_FOUND',
    /services "a" not found \(context east\)\.$/,
  ],
  [
    'namespace that goes',
    refusal(403, { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } }),
    'ISTHMUS_NAMESPACE_TERMINATING',
    /the namespace demo is being deleted/,
  ],
  ['conflict', refusal(409, { reason: 'Conflict', message: 'changed' }), 'ISTHMUS_CONFLICT', /changed/],
  [
    'invalid',
    refusal(422, { reason: 'Invalid', message: 'spec.port: bad' }),
    'ISTHMUS_OBJECT_REFUSED',
    /spec\.port: bad/,
  ],
  ['overload', refusal(429), 'ISTHMUS_CLUSTER_BUSY', /overloaded or not ready/],
  [
    'anything else',
    refusal(500, { message: 'webhook failed' }),
    'ISTHMUS_CLUSTER_ERROR',
    /answered 500: webhook failed/,
  ],
]

for (const [name, error, code, words] of EXPLANATIONS) {
  test(`explains: ${name}`, () => {
    const explained = explainError(error, { doing: 'list the services', context: 'east' })
    assert.ok(explained instanceof IsthmusError)
    assert.equal(explained.code, code)
    assert.match(explained.message, words)
    assert.equal(explained.cause, error)
    assert.doesNotMatch(explained.message + explained.remedy, /[{}]|undefined|\.\.$/)
  })
}

test('leaves alone what it does not know, and what is explained already', () => {
  const bug = new TypeError('bug')
  assert.equal(explainError(bug, { doing: 'x' }), bug)
  const [, error] = EXPLANATIONS[0] ?? assert.fail()
  const once = explainError(error, { doing: 'x' })
  assert.equal(explainError(once, { doing: 'y' }), once)
  assert.equal(explainError('text', { doing: 'x' }).message, 'text')
})
