import { CUSTOM_RESOURCE_DEFINITIONS, SERVICE_IMPORTS } from '@isthmus/api'
import { type FieldSchema, type KeptFields, keptFieldsOf } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import type { Scenario, Step } from './scenario.ts'

/** What the CRD of a real cluster keeps of a ServiceImport: a release of others may know fewer fields. */
export async function keptFieldsIn(client: ClusterClient): Promise<KeptFields> {
  const name = `${SERVICE_IMPORTS.plural}.${SERVICE_IMPORTS.group}`
  const { spec } = await client.get(CUSTOM_RESOURCE_DEFINITIONS, name)
  const version = spec.versions.find(one => one.name === SERVICE_IMPORTS.version)
  return keptFieldsOf(version?.schema?.openAPIV3Schema as FieldSchema | undefined)
}

/** Fields that a scenario expects on the ServiceImport of a member, and that its CRD does not keep. Sorted. */
export function unkeptFields({ steps }: Scenario, member: string, kept: KeptFields): readonly string[] {
  const expected = steps.flatMap(step => importsExpected(step, member))
  const missing = expected.flatMap(one =>
    (['spec', 'status'] as const).flatMap(part => {
      const written = one[part] ?? {}
      if (typeof written !== 'object') return []
      const stored = kept(part, written)
      return Object.entries(written)
        .filter(([field, value]) => value !== ABSENT && !(field in stored))
        .map(([field]) => `${part}.${field}`)
    }),
  )
  return [...new Set(missing)].sort()
}

const ABSENT = '<absent>'

/** Or a placeholder for all of it. */
type ImportExpected = Readonly<Partial<Record<'spec' | 'status', Readonly<Record<string, unknown>> | string>>>

function importsExpected(step: Step, member: string): ImportExpected[] {
  const inner = (step.while ?? []).flatMap(one => importsExpected(one, member))
  const { import: wanted, objects = [] } = step.expect?.[member] ?? {}
  const imports = objects.filter(({ kind }) => kind === SERVICE_IMPORTS.kind) as readonly ImportExpected[]
  return [...(typeof wanted === 'object' && wanted !== null ? [wanted] : []), ...imports, ...inner]
}
