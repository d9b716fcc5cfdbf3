import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { namesToTry } from './search-path.ts'

/** Answers after which the next name of the search path is tried. A server of other zones refuses. */
const NOT_HERE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EREFUSED'])

/** A host could not be resolved; `code` is c-ares's: ENOTFOUND, ENODATA, ETIMEOUT, … */
export class ResolveError extends Error {
  readonly code: string

  constructor(host: string, code: string) {
    super(`cannot resolve ${host}: ${code}`)
    this.name = 'ResolveError'
    this.code = code
  }
}

/** Resolves hosts as a pod of a cluster does: at that cluster's DNS server, by the search path, A before AAAA. */
export class PodResolver {
  readonly #server: string

  /** `server` is `127.0.0.1:5353`. */
  constructor(server: string) {
    this.#server = server
  }

  /** The addresses of the first name that has some. Nothing is cached: every call asks. */
  async resolve(host: string, timeoutMs: number): Promise<readonly string[]> {
    const literal = host.replace(/^\[(.*)\]$/, '$1')
    if (isIP(literal) !== 0) return [literal]
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
    resolver.setServers([this.#server])
    let code = 'ENOTFOUND'
    for (const name of namesToTry(host)) {
      for (const ask of [() => resolver.resolve4(name), () => resolver.resolve6(name)]) {
        try {
          return await ask()
        } catch (error) {
          code = (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN'
        }
        // The name is there without such an address: perhaps with one of the other family.
        if (code !== 'ENODATA') break
      }
      if (!NOT_HERE.has(code)) break
    }
    throw new ResolveError(host, code)
  }
}
