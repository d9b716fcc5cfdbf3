import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CustomResourceDefinition } from '@isthmus/api'
import { parse } from 'yaml'

/** In the order in which they are shown; the files lie in packages/api/crds. */
const NAMES = [
  'serviceexports.multicluster.x-k8s.io',
  'serviceimports.multicluster.x-k8s.io',
  'clusterproperties.about.k8s.io',
  'clusterprofiles.multicluster.x-k8s.io',
  'exportindexes.isthmus.dev',
  'exportedservices.isthmus.dev',
  'exportedendpoints.isthmus.dev',
  'importpolicies.isthmus.dev',
] as const

let loaded: readonly CustomResourceDefinition[] | undefined

/** The CustomResourceDefinitions that Isthmus needs, read once. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  loaded ??= NAMES.map(name => {
    const file = fileURLToPath(import.meta.resolve(`@isthmus/api/crds/${name}.yaml`))
    return parse(readFileSync(file, 'utf8')) as CustomResourceDefinition
  })
  return loaded
}
