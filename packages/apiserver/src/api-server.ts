/** An embedded kube-apiserver: a registry, a store, and an HTTP server before them. */

import { AdmissionPolicies } from './admission/policies.ts'
import { ServerSecurity } from './auth/server-security.ts'
import { issuerDiscovery } from './auth/tokens/issuer-discovery.ts'
import { createSigningKey, loadSigningKey, signingKeyPem } from './auth/tokens/jwt.ts'
import { ANONYMOUS } from './auth/users.ts'
import { startControllers } from './controllers/index.ts'
import { CustomResources } from './crd/custom-resources.ts'
import { Faults } from './faults/faults.ts'
import { type PathAnswer, requestListener } from './http/server.ts'
import { DEFAULT_LIMITS, type Limits } from './limits/limits.ts'
import { limitWatches } from './limits/watch-limit.ts'
import { openApiAnswer } from './openapi/answer.ts'
import type { ResourceDefinition } from './registry/definition.ts'
import { Registry } from './registry/registry.ts'
import { startEventExpiry } from './resources/event-expiry.ts'
import { builtInResources } from './resources/index.ts'
import type { PodRuntime } from './resources/pod-logs.ts'
import { ServiceAllocation } from './resources/service-allocation.ts'
import { ADMIN, type Environment } from './rest/environment.ts'
import { LocalApi } from './rest/local-api.ts'
import { loadKeys, loadState, type ServerKeys, saveKeys, saveState } from './snapshot/data-folder.ts'
import { Storage } from './storage/storage.ts'
import { CertificateAuthority, type CertificateUser } from './tls/certificate-authority.ts'
import { type Kubeconfig, kubeconfig } from './tls/kubeconfig.ts'
import { type Listener, listen } from './tls/listener.ts'
import { serverIdentity, type TlsOptions } from './tls/server-identity.ts'

export interface ApiServerOptions {
  /** Ranges of Service IPs, the first one's family first. */
  readonly serviceCIDRs?: readonly string[]
  /** Changes of each resource that watches can go back to. */
  readonly history?: number
  /** HTTPS with HTTP/2, under a certificate authority of the server's own. */
  readonly tls?: boolean | TlsOptions
  /** `AlwaysAllow` unless said; without TLS and RBAC a request without credentials is an administrator's. */
  readonly authorization?: 'RBAC' | 'AlwaysAllow'
  /** Of ServiceAccounts' tokens. */
  readonly serviceAccountIssuer?: string
  readonly limits?: Partial<Limits>
  /** Run the controllers of a cluster while the server listens; true unless said. */
  readonly controllers?: boolean
  /** Runs the pods: `kubectl logs` asks it. */
  readonly runtime?: PodRuntime
  /** Folder where state and keys are kept from one run to the next. */
  readonly data?: string
  readonly now?: () => Date
  /** A controller failed and will try again; to standard error unless said. */
  readonly onError?: (what: string, error: unknown) => void
}

export interface ListenOptions {
  /** Loopback unless said. */
  readonly host?: string
  /** Any free one unless said. */
  readonly port?: number
}

/** What kubeadm uses, and an IPv6 range. */
const DEFAULT_SERVICE_CIDRS = ['10.96.0.0/16', 'fd00:10:96::/112']
const NAMESPACES = { group: '', plural: 'namespaces' }
const SERVICE_CIDRS = { group: 'networking.k8s.io', plural: 'servicecidrs' }
const DEFAULT_SERVICE_CIDR = 'kubernetes'
const INITIAL_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

const logError = (what: string, error: unknown): void => console.error(`apiserver: ${what}:`, error)

/** Who the kubeconfig is for, and what its context is called. */
export type KubeconfigRequest = Partial<CertificateUser> & { readonly cluster?: string }

export class ApiServer {
  readonly registry = new Registry()
  readonly storage: Storage
  /** The API without HTTP, as an administrator. */
  readonly local: LocalApi
  /** Makes the server misbehave, for tests of its clients. */
  readonly faults: Faults
  readonly security: ServerSecurity
  readonly #environment: Environment
  readonly #options: ApiServerOptions
  readonly #paths: readonly PathAnswer[]
  readonly #keys: ServerKeys
  readonly #allocation: ServiceAllocation
  #stopControllers = () => {}
  #authority: CertificateAuthority | undefined
  #listener: Listener | undefined

  constructor(options: ApiServerOptions = {}) {
    const { authorization = 'AlwaysAllow', serviceAccountIssuer, tls = false, data } = options
    this.#options = options
    this.storage = new Storage(options.history === undefined ? {} : { history: options.history })
    const state = data === undefined ? undefined : loadState(data)
    if (state) this.storage.restore(state)
    const policies = new AdmissionPolicies(this.storage, this.registry)
    this.#environment = {
      storage: this.storage,
      registry: this.registry,
      now: options.now ?? (() => new Date()),
      admit: attributes => policies.admit(attributes),
    }
    this.local = new LocalApi(this.#environment)
    this.faults = new Faults(this.storage)
    this.#keys = (data && loadKeys(data)) || { serviceAccountKey: signingKeyPem(createSigningKey()) }
    this.security = new ServerSecurity({
      storage: this.storage,
      authorization,
      anonymous: tls === false && authorization === 'AlwaysAllow' ? ADMIN : ANONYMOUS,
      signingKey: loadSigningKey(this.#keys.serviceAccountKey),
      now: this.#environment.now,
      ...(serviceAccountIssuer && { issuer: serviceAccountIssuer }),
    })
    this.#paths = [openApiAnswer(this.registry), issuerDiscovery(this.security.tokens)]
    this.#allocation = new ServiceAllocation({ serviceCIDRs: options.serviceCIDRs ?? DEFAULT_SERVICE_CIDRS })
    this.storage.onRestore(() => this.#allocation.forget())
    for (const definition of this.#definitions()) this.registry.register(definition)
    for (const name of INITIAL_NAMESPACES) {
      if (!this.local.get(NAMESPACES, undefined, name)) this.local.create(NAMESPACES, { metadata: { name } })
    }
    this.#tellServiceCIDRs()
    // Serves what is defined for as long as the storage lives: a server may listen again after a close.
    new CustomResources(this.#environment, this.local)
    // What was there before anybody could watch is no history.
    this.storage.compact()
  }

  /** Answers where the server can be reached. */
  async listen({ host = '127.0.0.1', port = 0 }: ListenOptions = {}): Promise<{ url: string }> {
    const { tls = false } = this.#options
    const limits = { ...DEFAULT_LIMITS, ...this.#options.limits }
    const answer = requestListener({
      environment: this.#environment,
      security: this.security,
      paths: this.#paths,
    })
    const limited = limitWatches(limits.watches)
    this.#listener = await listen(
      (request, response) =>
        this.faults.filter(request, response, () =>
          limited(request, response, () => answer(request, response)),
        ),
      {
        host,
        port,
        limits,
        ...(tls && { tls: await serverIdentity(await this.#issuer(), host, tls === true ? {} : tls) }),
      },
    )
    const { url } = this.#listener
    if (this.#options.controllers ?? true) await this.#startControllers(new URL(url))
    return { url }
  }

  async #startControllers({ hostname, port }: URL): Promise<void> {
    const { tls = false, onError = logError } = this.#options
    const stopEventExpiry = startEventExpiry(this.local, this.#environment.now)
    const stopControllers = startControllers(
      {
        api: this.local.as({ fieldManager: 'kube-controller-manager' }),
        registry: this.registry,
        now: this.#environment.now,
        onError: (controller, key, error) => onError(`controller ${controller}: ${key}`, error),
      },
      {
        kubernetesService: {
          clusterIP: this.#allocation.firstAddress,
          endpoint: { address: hostname.replace(/^\[|\]$/g, ''), port: Number(port) },
        },
        ...(tls && { rootCA: (await this.#issuer()).certificate }),
      },
    )
    this.#stopControllers = () => {
      stopEventExpiry()
      stopControllers()
    }
  }

  /** What a client needs to be this user; an administrator unless said. The server must be listening. */
  async kubeconfig({ cluster = 'isthmus', ...user }: KubeconfigRequest = {}): Promise<Kubeconfig> {
    if (this.#listener === undefined)
      throw new Error('a kubeconfig needs a server that listens: call listen() first')
    const { username = 'kubernetes-admin', groups = ['system:masters'] } = user
    const server = this.#listener.url
    if (!this.#options.tls) return kubeconfig({ cluster, server, username })
    const authority = await this.#issuer()
    return kubeconfig({
      cluster,
      server,
      certificateAuthority: authority.certificate,
      username,
      credential: await authority.issueClient({ username, groups }),
    })
  }

  /** Ends all connections, watches too, and keeps the state if there is a folder for it. */
  async close(): Promise<void> {
    this.#stopControllers()
    await this.#listener?.close()
    const { data } = this.#options
    if (data === undefined) return
    saveState(data, this.storage.contents())
    saveKeys(data, {
      ...this.#keys,
      ...(this.#authority && { certificateAuthority: this.#authority.keyPair }),
    })
  }

  /** The ServiceCIDR that a server makes of its own ranges when it starts; of other ranges than the last time, anew. */
  #tellServiceCIDRs(): void {
    const { serviceCIDRs = DEFAULT_SERVICE_CIDRS } = this.#options
    const spec = { cidrs: [...serviceCIDRs] }
    const found = this.local.get(SERVICE_CIDRS, undefined, DEFAULT_SERVICE_CIDR)
    if (found !== undefined && JSON.stringify(found.spec) === JSON.stringify(spec)) return
    if (found !== undefined) this.local.delete(SERVICE_CIDRS, undefined, DEFAULT_SERVICE_CIDR)
    this.local.create(SERVICE_CIDRS, { metadata: { name: DEFAULT_SERVICE_CIDR }, spec })
  }

  /** The certificate authority: that of the last run, or a new one. */
  async #issuer(): Promise<CertificateAuthority> {
    const { certificateAuthority } = this.#keys
    this.#authority ??= await (certificateAuthority
      ? CertificateAuthority.load(certificateAuthority)
      : CertificateAuthority.create())
    return this.#authority
  }

  #definitions(): readonly ResourceDefinition[] {
    const { runtime } = this.#options
    return this.security.extend(builtInResources({ allocation: this.#allocation, runtime }))
  }
}
