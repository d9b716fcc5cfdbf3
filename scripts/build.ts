/**
 * Builds what is published: dist/<package>/ with JavaScript, type declarations and a package.json that
 * names them. In the repository packages run from their TypeScript; the two differ in nothing else.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

interface Manifest {
  name: string
  bin?: Record<string, string>
  exports: Record<string, string>
  [field: string]: unknown
}

/** The oldest Node whose built-in features the packages use. */
const ENGINES = { node: '>=22.18' }

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const packages = globSync('packages/*/package.json', { cwd: root }).map(path => path.split('/')[1] ?? '')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
for (const name of packages) publishable(name)
// Within dist, packages find each other built, as they will once installed.
for (const name of packages) linkForCheck(name)
const version = execFileSync(process.execPath, [join(dist, 'cli/src/bin.js'), 'version'], {
  encoding: 'utf8',
})
console.log(`built ${packages.length} packages in dist/\n${version.trimEnd()}`)

function publishable(name: string): void {
  const source = join(root, 'packages', name)
  const target = join(dist, name)
  const manifest = manifestOf(source)
  for (const asset of globSync(['src/**/*.{json,yaml}', 'crds/**/*.yaml', 'README.md'], { cwd: source })) {
    mkdirSync(dirname(join(target, asset)), { recursive: true })
    cpSync(join(source, asset), join(target, asset))
  }
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'))
  const published = {
    ...manifest,
    engines: ENGINES,
    exports: Object.fromEntries(Object.entries(manifest.exports).map(([key, path]) => [key, compiled(path)])),
    ...(manifest.bin === undefined
      ? {}
      : {
          bin: Object.fromEntries(Object.entries(manifest.bin).map(([key, path]) => [key, javaScript(path)])),
        }),
  }
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  for (const path of Object.values(manifest.bin ?? {})) chmodSync(join(target, javaScript(path)), 0o755)
}

function compiled(path: string): string | { types: string; default: string } {
  if (!path.endsWith('.ts')) return path
  return { types: path.replace(/\.ts$/, '.d.ts'), default: javaScript(path) }
}

function javaScript(path: string): string {
  return path.replace(/\.ts$/, '.js')
}

function linkForCheck(name: string): void {
  const link = join(dist, 'node_modules', manifestOf(join(root, 'packages', name)).name)
  mkdirSync(dirname(link), { recursive: true })
  if (!existsSync(link)) symlinkSync(join(dist, name), link)
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
