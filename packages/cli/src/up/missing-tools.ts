import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The tools that the next steps use, and where to get them. */
const TOOLS: Readonly<Record<string, string>> = {
  kubectl: 'https://kubernetes.io/docs/tasks/tools/',
  dig: 'Debian and Ubuntu: bind9-dnsutils, Fedora: bind-utils',
}

/** A line for each tool that a person would miss on pasting; nothing where all are there. `path`: $PATH. */
export function missingTools(path: string | undefined): string[] {
  const folders = (path ?? '').split(delimiter).filter(folder => folder !== '')
  return Object.entries(TOOLS)
    .filter(([tool]) => !folders.some(folder => isExecutable(join(folder, tool))))
    .map(([tool, source]) => `${tool} is not on this machine (${source})`)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
