import assert from 'node:assert/strict'
import { verify } from 'node:crypto'
import { connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { after, before, suite, test } from 'node:test'
import { ApiServer } from '../api-server.ts'
import type { StoredObject } from '../registry/definition.ts'
import { CertificateAuthority } from '../tls/certificate-authority.ts'

const SERVICE_ACCOUNTS = { group: '', plural: 'serviceaccounts' }
const SECRETS = { group: '', plural: 'secrets' }
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
const REVIEWS = '/apis/authorization.k8s.io/v1'

interface Identity {
  readonly cert?: string
  readonly key?: string
  readonly token?: string
  readonly headers?: Record<string, string>
}

interface Answer {
  readonly code: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server answers
  readonly body: any
}

suite('security of a server', () => {
  const server = new ApiServer({ tls: { hosts: ['east.example'] }, authorization: 'RBAC' })
  let url: URL
  let ca: string
  let admin: Identity
  const agents: Agent[] = []

  before(async () => {
    url = new URL((await server.listen()).url)
    const { clusters } = await server.kubeconfig()
    ca = decode(clusters[0]?.cluster['certificate-authority-data'])
    admin = await identity('root', 'system:masters')
    server.local.create(SERVICE_ACCOUNTS, { metadata: { name: 'u' } })
    server.local.create(SECRETS, { metadata: { name: 'bound' } })
  })
  after(async () => {
    for (const agent of agents) agent.destroy()
    await server.close()
  })

  const decode = (data = ''): string => Buffer.from(data, 'base64').toString()

  /** What a kubeconfig for this user has. */
  async function identity(username: string, ...groups: string[]): Promise<Identity> {
    const user = (await server.kubeconfig({ username, groups })).users[0]?.user
    return { cert: decode(user?.['client-certificate-data']), key: decode(user?.['client-key-data']) }
  }

  /** Over HTTP/1.1. */
  function ask(who: Identity, method: string, path: string, body?: object): Promise<Answer> {
    const { token, headers, ...certificate } = who
    const agent = new Agent({ ca, ...certificate })
    agents.push(agent)
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const options = { agent, method, headers: { 'content-type': 'application/json', ...bearer, ...headers } }
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, url), options, async incoming => {
        const pieces = await incoming.toArray()
        resolve({ code: incoming.statusCode ?? 0, body: parse(Buffer.concat(pieces).toString()) })
      })
      outgoing.on('error', reject)
      outgoing.end(body && JSON.stringify(body))
    })
  }

  function parse(text: string): unknown {
    return text.startsWith('{') ? JSON.parse(text) : text
  }

  async function whoAmI(who: Identity): Promise<Answer> {
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const { code, body } = await ask(who, 'POST', path, review)
    return { code, body: body.status?.userInfo ?? body }
  }

  async function token(spec: object = {}): Promise<Answer> {
    const path = '/api/v1/namespaces/default/serviceaccounts/u/token'
    const answer = await ask(admin, 'POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    })
    return { code: answer.code, body: answer.body.status?.token ?? answer.body }
  }

  const listSecrets = '/api/v1/namespaces/default/secrets'

  test('a client certificate is a user with groups, over HTTP/1.1 and HTTP/2', async () => {
    const alice = await identity('alice', 'dev')
    const { body } = await whoAmI(alice)
    assert.deepEqual([body.username, body.groups], ['alice', ['dev', 'system:authenticated']])

    const session = connect(url, { ca, cert: alice.cert ?? '', key: alice.key ?? '' })
    for (const path of ['/api/v1/nodes', '/version']) {
      const stream = session.request({ ':path': path })
      const pieces = await stream.toArray()
      const text = Buffer.concat(pieces).toString()
      if (path === '/version') assert.match(text, /"major":"1"/)
      else assert.match(text, /User \\"alice\\" cannot list resource \\"nodes\\"/)
    }
    session.close()
  })

  test('a certificate that another authority signed is refused', async () => {
    const { certificate: cert, privateKey: key } = await (await CertificateAuthority.create()).issueClient({
      username: 'root',
      groups: ['system:masters'],
    })
    assert.equal((await ask({ cert, key }, 'GET', '/version')).code, 401)
    assert.equal((await ask({}, 'GET', '/version')).code, 200)
  })

  test('nobody may see the version and nothing else', async () => {
    assert.equal((await ask({}, 'GET', '/version')).code, 200)
    const { code, body } = await ask({}, 'GET', '/api')
    assert.deepEqual([code, body.message], [403, 'forbidden: User "system:anonymous" cannot get path "/api"'])
  })

  test('the server is who it says, under its other names too', async () => {
    const session = connect(url, { ca, servername: 'east.example' })
    await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject))
    assert.equal(session.alpnProtocol, 'h2')
    session.close()
  })

  test('a token stands for its ServiceAccount until what it is bound to goes', async () => {
    const { body } = await token({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'bound' } })
    assert.equal((await whoAmI({ token: body })).body.username, 'system:serviceaccount:default:u')

    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' }
    const reviewed = await ask(admin, 'POST', path, { ...kind, spec: { token: body } })
    assert.equal(reviewed.body.status.authenticated, true)
    assert.equal(reviewed.body.status.user.username, 'system:serviceaccount:default:u')

    server.local.delete(SECRETS, 'default', 'bound')
    assert.equal((await whoAmI({ token: body })).code, 401)
    const revoked = await ask(admin, 'POST', path, { ...kind, spec: { token: body } })
    assert.deepEqual(revoked.body.status, {
      user: {},
      error: '[invalid bearer token, service account token has been invalidated]',
    })
  })

  test('what kubectl leaves open is null, and has its default', async () => {
    const { code } = await token({ audiences: null, expirationSeconds: null, boundObjectRef: null })
    assert.equal(code, 201)
  })

  const refusals: { what: string; spec: object; code: number; message: RegExp }[] = [
    {
      what: 'a ConfigMap',
      spec: { boundObjectRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' } },
      code: 400,
      message: /^cannot bind token to object of type \/v1, Kind=ConfigMap$/,
    },
    {
      what: 'something of no kind',
      spec: { boundObjectRef: { apiVersion: 'v1', kind: 'constructor', name: 'x' } },
      code: 400,
      message: /^cannot bind token/,
    },
    {
      what: 'a Secret that has been replaced',
      spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'replaced', uid: 'earlier' } },
      code: 409,
      message: /the UID in the bound object reference \(earlier\) does not match/,
    },
    {
      what: 'what is no number',
      spec: { expirationSeconds: 'long' },
      code: 400,
      message:
        /^TokenRequest in version "v1" cannot be handled as a TokenRequest: json: cannot unmarshal string/,
    },
    {
      what: 'an age',
      spec: { expirationSeconds: 2 ** 33 },
      code: 422,
      message: /may not specify a duration larger than 2\^32 seconds/,
    },
  ]
  for (const { what, spec, code, message } of refusals) {
    test(`no token is bound to ${what}`, async () => {
      if (code === 409) server.local.create(SECRETS, { metadata: { name: 'replaced' } })
      const answer = await token(spec)
      assert.equal(answer.code, code)
      assert.match(answer.body.message, message)
    })
  }

  test('whoever has the published key can check a token', async () => {
    const issued = (await token()).body as string
    const { body: configuration } = await ask({ token: issued }, 'GET', '/.well-known/openid-configuration')
    assert.equal(configuration.issuer, server.security.tokens.issuer)
    const keys = await ask({ token: issued }, 'GET', new URL(configuration.jwks_uri).pathname)
    const [header = '', claims = '', signature = ''] = issued.split('.')
    const [jwk] = keys.body.keys
    assert.equal(jwk.kid, JSON.parse(Buffer.from(header, 'base64url').toString()).kid)
    const key = { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url')))
  })

  test('rights come with a RoleBinding, and can be asked for', async () => {
    const account = { token: (await token()).body as string }
    const mayI = async () => {
      const { body } = await ask(account, 'POST', `${REVIEWS}/selfsubjectaccessreviews`, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'secrets' } },
      })
      return body.status
    }
    assert.equal((await ask(account, 'GET', listSecrets)).code, 403)
    assert.deepEqual(await mayI(), { allowed: false })

    await createRole(admin, 'reader', [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }])
    await createBinding(admin, 'reader', { kind: 'ServiceAccount', name: 'u', namespace: 'default' })
    assert.equal((await ask(account, 'GET', listSecrets)).code, 200)
    assert.deepEqual(await mayI(), {
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to ServiceAccount "u/default"',
    })

    const rules = await ask(account, 'POST', `${REVIEWS}/selfsubjectrulesreviews`, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'default' },
    })
    const { resourceRules, nonResourceRules, incomplete } = rules.body.status
    assert.ok(resourceRules.some((rule: { resources: string[] }) => rule.resources.includes('secrets')))
    assert.ok(
      nonResourceRules.some((rule: { nonResourceURLs: string[] }) => rule.nonResourceURLs.includes('/api')),
    )
    assert.equal(incomplete, false)
  })

  const createRole = (who: Identity, name: string, rules: object[]): Promise<Answer> =>
    ask(who, 'POST', `${RBAC}/roles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name },
      rules,
    })
  const createBinding = (who: Identity, role: string, ...subjects: object[]): Promise<Answer> =>
    ask(who, 'POST', `${RBAC}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: role },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
      subjects,
    })

  test('a namespace administrator cannot become more', async () => {
    server.local.create(
      { group: 'rbac.authorization.k8s.io', plural: 'rolebindings' },
      {
        metadata: { name: 'admins' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
        subjects: [{ kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' }],
      },
    )
    const alice = await identity('alice')
    const more = [{ apiGroups: ['isthmus.dev'], resources: ['exportindexes'], verbs: ['get', 'update'] }]
    const { code, body } = await createRole(alice, 'more', more)
    assert.equal(code, 403)
    assert.equal(
      body.message,
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["isthmus.dev"], Resources:["exportindexes"], Verbs:["get" "update"]}',
    )
    await createRole(admin, 'more', more)
    assert.equal((await createBinding(alice, 'more', { kind: 'User', name: 'alice' })).code, 403)
    const less = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]
    assert.equal((await createRole(alice, 'less', less)).code, 201)
    assert.equal((await createBinding(alice, 'less', { kind: 'User', name: 'bob' })).code, 201)
    // Not even nonsense makes the check stumble.
    assert.equal((await createRole(alice, 'empty', [{}])).code, 422)
  })

  test('a replace or an apply creates only for who may create', async () => {
    const bob = await identity('bob')
    const changes = [
      { apiGroups: ['', 'rbac.authorization.k8s.io'], resources: ['*'], verbs: ['update', 'patch'] },
    ]
    await createRole(admin, 'changes', changes)
    await createBinding(admin, 'changes', { kind: 'User', name: 'bob' })
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' }, data: {} }
    const apply = { ...bob, headers: { 'content-type': 'application/apply-patch+yaml' } }
    const path = '/api/v1/namespaces/default/configmaps/new'
    const refused = await ask(apply, 'PATCH', `${path}?fieldManager=test`, config)
    assert.equal(
      refused.body.message,
      'configmaps "new" is forbidden: User "bob" cannot create resource "configmaps" in API group "" in the namespace "default"',
    )
    server.local.create({ group: '', plural: 'configmaps' }, config)
    assert.equal((await ask(apply, 'PATCH', `${path}?fieldManager=test`, config)).code, 200)

    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'put' },
      rules: [],
    }
    assert.equal((await ask(bob, 'PUT', `${RBAC}/roles/put`, role)).code, 403)
    assert.equal((await ask(admin, 'PUT', `${RBAC}/roles/put`, role)).code, 201)
  })

  test('an administrator may act as another', async () => {
    const headers = { 'impersonate-user': 'carol', 'impersonate-group': 'dev' }
    const { body } = await whoAmI({ ...admin, headers })
    assert.deepEqual(body, { username: 'carol', groups: ['dev', 'system:authenticated'] })
    assert.equal((await ask({ ...admin, headers }, 'GET', listSecrets)).code, 403)
    assert.equal((await ask({ ...admin, headers: { 'impersonate-uid': '1' } }, 'GET', listSecrets)).code, 400)
  })

  const localReviews: { what: string; spec: object; code: number; allowed?: boolean }[] = [
    {
      what: 'by group',
      spec: {
        groups: ['system:masters'],
        resourceAttributes: { namespace: 'default', verb: '*', resource: 'pods' },
      },
      code: 201,
      allowed: true,
    },
    {
      what: 'of another namespace',
      spec: { user: 'alice', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'pods' } },
      code: 422,
    },
    { what: 'of nobody', spec: { resourceAttributes: { namespace: 'default', verb: 'get' } }, code: 422 },
    {
      what: 'of a path',
      spec: { user: 'alice', nonResourceAttributes: { path: '/', verb: 'get' } },
      code: 422,
    },
  ]
  for (const { what, spec, code, allowed } of localReviews) {
    test(`a local review ${what} is ${code === 201 ? 'answered' : 'refused'}`, async () => {
      const path = `${REVIEWS}/namespaces/default/localsubjectaccessreviews`
      const answer = await ask(admin, 'POST', path, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'LocalSubjectAccessReview',
        metadata: { namespace: 'default' },
        spec,
      })
      assert.deepEqual([answer.code, answer.body.status?.allowed], [code, allowed])
    })
  }
})

suite('a server without security', () => {
  test('takes everybody for an administrator, but knows its tokens', async context => {
    const server = new ApiServer({ controllers: false })
    const { url } = await server.listen()
    context.after(() => server.close())
    const account: StoredObject = server.local.create(SERVICE_ACCOUNTS, { metadata: { name: 'u' } })
    const { token } = server.security.tokens.issue({
      account,
      audiences: [server.security.tokens.issuer],
      expirationSeconds: 600,
    })
    const as = async (authorization?: string) => {
      const response = await fetch(`${url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
      })
      const body = (await response.json()) as { status: { userInfo?: { username: string } } }
      return body.status.userInfo?.username ?? response.status
    }
    assert.equal(await as(), 'system:admin')
    assert.equal(await as(`Bearer ${token}`), 'system:serviceaccount:default:u')
    assert.equal(await as('Bearer nonsense'), 401)
  })
})
