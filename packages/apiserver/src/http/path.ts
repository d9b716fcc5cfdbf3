/** What the path of a request names. */

export type Target =
  | { readonly type: 'api' }
  | { readonly type: 'apis' }
  | { readonly type: 'group'; readonly group: string }
  | { readonly type: 'version'; readonly group: string; readonly version: string }
  | ({ readonly type: 'resource' } & ResourcePath)
  /** Anything else, such as /healthz. */
  | { readonly type: 'other'; readonly path: string }

export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
  /** The deprecated form /api/v1/watch/… */
  readonly isWatch: boolean
}

/** Reads the path of a URL (without query). Throws a URIError for a malformed escape. */
export function parsePath(path: string): Target {
  const segments = path
    .split('/')
    .filter(segment => segment !== '')
    .map(decodeURIComponent)
  const [root, ...rest] = segments
  if (root === 'api') {
    const [version, ...below] = rest
    if (version === undefined) return { type: 'api' }
    return below.length === 0 ? { type: 'version', group: '', version } : resourcePath('', version, below)
  }
  if (root === 'apis') {
    const [group, version, ...below] = rest
    if (group === undefined) return { type: 'apis' }
    if (version === undefined) return { type: 'group', group }
    return below.length === 0 ? { type: 'version', group, version } : resourcePath(group, version, below)
  }
  return { type: 'other', path: `/${segments.join('/')}` }
}

/** Below a Namespace these are its own subresources, anything else is a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

function resourcePath(group: string, version: string, below: readonly string[]): Target {
  const isWatch = below[0] === 'watch' && below.length > 1
  const parts = isWatch ? below.slice(1) : below
  const isNamespaced =
    parts[0] === 'namespaces' &&
    parts.length > 2 &&
    !(group === '' && NAMESPACE_SUBRESOURCES.has(parts[2] as string))
  const [plural, name, ...subresource] = isNamespaced ? parts.slice(2) : parts
  return {
    type: 'resource',
    group,
    version,
    plural: plural as string,
    namespace: isNamespaced ? parts[1] : undefined,
    name,
    subresource: subresource.length === 0 ? undefined : subresource.join('/'),
    isWatch,
  }
}
