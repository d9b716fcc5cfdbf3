/**
 * The folder in which a server keeps its state over a restart: all objects, and the keys with which it
 * vouches for itself and its users. Everything in it is secret (mode 0600).
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import type { StorageContents } from '../storage/storage.ts'
import type { KeyPair } from '../tls/certificate-authority.ts'

export interface ServerKeys {
  /** PEM. Signs the tokens of ServiceAccounts. */
  readonly serviceAccountKey: string
  readonly certificateAuthority?: KeyPair
}

const STATE = 'state.json'
const KEYS = 'keys.json'
const FORMAT = 1

interface State extends StorageContents {
  readonly format: number
}

/** What the server held when it was last stopped; undefined in a new folder. Throws IsthmusError. */
export function loadState(folder: string): StorageContents | undefined {
  return load(folder, STATE, (state: State) => {
    if (state.format !== FORMAT) throw new Error(`format ${state.format} is not ${FORMAT}`)
    if (!Number.isSafeInteger(state.revision) || !Array.isArray(state.resources))
      throw new Error('no state in it')
    return { revision: state.revision, resources: state.resources }
  })
}

export function saveState(folder: string, { revision, resources }: StorageContents): void {
  save(folder, STATE, { format: FORMAT, revision, resources } satisfies State)
}

/** Throws IsthmusError. */
export function loadKeys(folder: string): ServerKeys | undefined {
  return load(folder, KEYS, (keys: ServerKeys) => {
    if (typeof keys.serviceAccountKey !== 'string') throw new Error('no serviceAccountKey in it')
    return keys
  })
}

export function saveKeys(folder: string, keys: ServerKeys): void {
  save(folder, KEYS, keys)
}

function load<T, R>(folder: string, name: string, read: (value: T) => R): R | undefined {
  const file = path.join(folder, name)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw errorOf(ERRORS.dataUnreadable, { file, cause: (error as Error).message }, error)
  }
  try {
    return read(JSON.parse(text) as T)
  } catch (error) {
    throw errorOf(ERRORS.dataUnreadable, { file, cause: (error as Error).message }, error)
  }
}

/** The file is the old one or the new one, whatever happens in between. */
function save(folder: string, name: string, value: object): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, name)
  const draft = `${file}.${process.pid}.tmp`
  writeFileSync(draft, JSON.stringify(value), { mode: 0o600, flush: true })
  renameSync(draft, file)
  syncFolder(folder)
}

/** The new name is on the disk only when the folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
