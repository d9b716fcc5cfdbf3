import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { errorOf } from '@isthmus/api'
import { parse } from 'yaml'
import { ERRORS } from '../errors.ts'

/** A kubeconfig as it is written, after files were merged and paths made absolute. */
export interface Kubeconfig {
  clusters: ReadonlyMap<string, ClusterEntry>
  users: ReadonlyMap<string, UserEntry>
  contexts: ReadonlyMap<string, ContextEntry>
  currentContext: string | undefined
}

export interface ClusterEntry {
  server: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'tls-server-name'?: string
  'insecure-skip-tls-verify'?: boolean
  'proxy-url'?: string
}

export interface UserEntry {
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  as?: string
  'as-uid'?: string
  'as-groups'?: string[]
  'as-user-extra'?: Record<string, string[]>
  exec?: ExecEntry
  'auth-provider'?: { name?: string; config?: Record<string, string> }
}

export interface ExecEntry {
  apiVersion?: string
  command: string
  args?: string[] | null
  env?: { name: string; value: string }[] | null
  installHint?: string
  provideClusterInfo?: boolean
  interactiveMode?: string
}

export interface ContextEntry {
  cluster: string
  user?: string
  namespace?: string
}

/** Fields that are paths, relative to the file they are written in. */
const PATH_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const

/**
 * Reads kubeconfig files and merges them as kubectl does: the first file that has an entry of a name, or a
 * current context, wins. `optional` files may be missing, as those of $KUBECONFIG may.
 */
export function readKubeconfig(files: readonly string[], { optional = false } = {}): Kubeconfig | undefined {
  const merged = {
    clusters: new Map<string, ClusterEntry>(),
    users: new Map<string, UserEntry>(),
    contexts: new Map<string, ContextEntry>(),
    currentContext: undefined as string | undefined,
  }
  let found = false
  for (const file of files) {
    const text = readText(file, optional)
    if (text === undefined) continue
    found = true
    const document = parseDocument(text, file)
    mergeEntries(merged.clusters, document.clusters, 'cluster', file)
    mergeEntries(merged.users, document.users, 'user', file)
    mergeEntries(merged.contexts, document.contexts, 'context', file)
    merged.currentContext ||=
      typeof document['current-context'] === 'string' ? document['current-context'] : ''
  }
  return found ? merged : undefined
}

function readText(file: string, optional: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (optional && code === 'ENOENT') return undefined
    const why = code === 'ENOENT' ? 'there is no such file' : message
    throw errorOf(ERRORS.kubeconfigUnreadable, { what: 'kubeconfig', file, why }, error)
  }
}

function parseDocument(text: string, file: string): Record<string, unknown> {
  let document: unknown
  try {
    document = parse(text)
  } catch (error) {
    // The parser's message quotes lines of the file, which may hold a token: only its first line is repeated.
    throw invalid(file, (error as Error).message.split('\n', 1)[0] ?? 'it is not YAML', error)
  }
  if (document === null || document === undefined) return {}
  if (!isRecord(document)) throw invalid(file, 'it is not a mapping')
  return document
}

function mergeEntries<T>(
  merged: Map<string, T>,
  entries: unknown,
  kind: 'cluster' | 'user' | 'context',
  file: string,
): void {
  if (entries === undefined || entries === null) return
  if (!Array.isArray(entries)) throw invalid(file, `${kind}s is not a list`)
  for (const [position, entry] of entries.entries()) {
    const name: unknown = isRecord(entry) ? entry.name : undefined
    if (typeof name !== 'string' || name === '') throw invalid(file, `${kind}s[${position}] has no name`)
    const value: unknown = isRecord(entry) ? (entry[kind] ?? {}) : {}
    if (!isRecord(value)) throw invalid(file, `${kind} "${name}" is not a mapping`)
    if (!merged.has(name)) merged.set(name, withAbsolutePaths(value, dirname(file)) as T)
  }
}

function withAbsolutePaths(entry: Record<string, unknown>, directory: string): Record<string, unknown> {
  const result = { ...entry }
  for (const field of PATH_FIELDS) {
    const path = result[field]
    if (typeof path === 'string' && path !== '' && !isAbsolute(path)) result[field] = join(directory, path)
  }
  const { exec } = result
  if (isRecord(exec) && typeof exec.command === 'string' && /[\\/]/.test(exec.command)) {
    result.exec = { ...exec, command: resolve(directory, exec.command) }
  }
  return result
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const invalid = (kubeconfig: string, why: string, cause?: unknown) =>
  errorOf(ERRORS.kubeconfigInvalid, { kubeconfig, why }, cause)
