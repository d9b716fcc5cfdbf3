import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'

/** What each package may import of the others: docs/adr/0007. */
const ARROWS: Record<string, readonly string[]> = {
  api: [],
  core: ['api'],
  kube: ['api'],
  apiserver: ['api'],
  agent: ['api', 'core', 'kube'],
  dns: ['api', 'core', 'kube'],
  playground: ['api', 'core', 'kube', 'apiserver', 'agent', 'dns'],
  cli: ['api', 'core', 'kube', 'apiserver', 'agent', 'dns', 'playground'],
}

const root = join(import.meta.dirname, '../..')
/** Static imports and re-exports end in `from '…'` on a line that begins with one of three words; the rest are calls. */
const IMPORT =
  /^(?:import|export|\})[^'\n]*\bfrom '([^'\n]+)'|^import '([^'\n]+)'|\bimport(?:\.meta\.resolve)?\('([^'\n]+)'\)/gm

function importsOf(file: string): string[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map(
    match => match[1] ?? match[2] ?? match[3] ?? '',
  )
}

function manifestOf(name: string): { dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
}

const isTestOnly = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/')

describe('packages import only along the arrows', () => {
  for (const [name, allowed] of Object.entries(ARROWS)) {
    it(`${name}: ${allowed.join(', ') || 'nothing'}`, () => {
      const declared = Object.keys(manifestOf(name).dependencies ?? {})
      const wrong: string[] = []
      for (const file of globSync(`packages/${name}/src/**/*.ts`, { cwd: root })) {
        for (const specifier of importsOf(file)) {
          const other = /^@isthmus\/([a-z]+)/.exec(specifier)?.[1]
          if (other !== undefined) {
            if (!allowed.includes(other)) wrong.push(`${file} imports ${specifier}`)
            else if (!declared.includes(`@isthmus/${other}`))
              wrong.push(`${file}: ${specifier} is not a declared dependency`)
          } else if (specifier.startsWith('.')) {
            if (!specifier.endsWith('.ts') && !specifier.endsWith('.json'))
              wrong.push(`${file}: ${specifier} has no ending`)
            const target = join(file, '..', specifier)
            if (!target.startsWith(`packages/${name}/`)) wrong.push(`${file} reaches into ${target}`)
          } else if (!isTestOnly(file) && !specifier.startsWith('node:')) {
            const library = specifier
              .split('/')
              .slice(0, specifier.startsWith('@') ? 2 : 1)
              .join('/')
            if (builtinModules.includes(library)) wrong.push(`${file}: ${specifier} without node:`)
            else if (!declared.includes(library))
              wrong.push(`${file}: ${library} is not a declared dependency`)
          }
        }
      }
      assert.deepEqual(wrong, [])
    })
  }

  it('core does no I/O and has no clock', () => {
    // Hashing, comparing and looking at addresses are pure.
    const pure = ['node:crypto', 'node:util', 'node:net']
    const wrong = globSync('packages/core/src/**/*.ts', { cwd: root })
      .filter(file => !isTestOnly(file))
      .flatMap(file => {
        const text = readFileSync(join(root, file), 'utf8')
        const impure = importsOf(file).filter(
          specifier => specifier.startsWith('node:') && !pure.includes(specifier),
        )
        const found =
          text.match(/\b(async|await)\s|Date\.now|new Date\(\)|Math\.random|setTimeout|\bprocess\.[a-z]+/g) ??
          []
        return [...impure, ...found].map(what => `${file}: ${what}`)
      })
    assert.deepEqual(wrong, [])
  })
})
