import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorOf } from '@isthmus/api'
import { parseDocument } from 'yaml'
import { ERRORS } from '../errors.ts'
import type { SettingSources } from './settings.ts'

const MAX_BYTES = 1 << 20

/** Reads the YAML of `--config`. */
export async function readConfigFile(
  file: string,
  cwd: string,
): Promise<NonNullable<SettingSources['file']>> {
  const path = resolve(cwd, file)
  const unreadable = (reason: string, cause?: unknown) =>
    errorOf(ERRORS.configUnreadable, { file, reason }, cause)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(REASONS[error.code ?? ''] ?? error.message, error)
  })
  if (text.length > MAX_BYTES) throw unreadable(`it is larger than ${MAX_BYTES} bytes`)
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem !== undefined) throw unreadable(`it is not YAML: ${problem.message.split('\n', 1)[0]}`, problem)
  const content: unknown = document.toJS() ?? {}
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw unreadable('it does not hold settings as `name: value`')
  }
  return { name: file, folder: dirname(path), content: content as Record<string, unknown> }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
}
