import { type InstallStep, installedNamespaces, installInto, installObjects } from '@isthmus/agent'
import { withCluster } from '../commands/cluster-options.ts'
import type { InstallFlags } from '../commands/install.ts'
import type { CommandContext } from '../context.ts'

/** `isthmus install`: a line for each object, as kubectl prints them. */
export async function runInstall(flags: InstallFlags, context: CommandContext): Promise<void> {
  if (flags.print === true) {
    const { stringify } = await import('yaml')
    for (const { object } of installObjects(flags).flat()) {
      context.stdout.write(`---\n${stringify(object, { aliasDuplicateObjects: false, lineWidth: 110 })}`)
    }
    return
  }
  await withCluster(flags, context, 'install into the cluster', async client => {
    const steps = await installInto(client, {
      ...flags,
      ...(await installedNamespaces(client, flags)),
      onProgress: step => context.stdout.write(`${line(step, flags.dryRun === true)}\n`),
    })
    context.stdout.write(`\n${summary(steps, flags)}`)
  })
}

function line({ object, action, note }: InstallStep, dryRun: boolean): string {
  const { namespace, name } = object.metadata
  const where = namespace === undefined ? '' : ` in ${namespace}`
  const remark = note === undefined ? '' : ` (${note})`
  const dry = dryRun && action !== 'unchanged' ? ' (dry run)' : ''
  return `${object.kind.toLowerCase()}/${name}${where} ${action}${dry}${remark}`
}

function summary(steps: readonly InstallStep[], flags: InstallFlags): string {
  const changed = steps.filter(({ action }) => action !== 'unchanged').length
  if (flags.dryRun === true) return `${changed} of ${steps.length} objects would be written.\n`
  const done =
    changed === 0
      ? 'Nothing to do: all is as it should be.'
      : `${changed} of ${steps.length} objects written.`
  const coredns =
    flags.coredns === true
      ? ''
      : 'If CoreDNS is to serve clusterset.local itself (`multicluster` in its kubernetes plugin), run this again\nwith --coredns first: without permission to read ServiceImports it does not become ready.\n'
  return `${done}\n${coredns}Next: isthmus join${clusterFlags(flags)} --registry-context REGISTRY --cluster-id ID; or, without a registry,\nisthmus agent${clusterFlags(flags)} --cluster-id ID --clusterset NAME --peer PEER=KUBECONFIG#CONTEXT\n`
}

function clusterFlags({ kubeconfig, context }: InstallFlags): string {
  return [
    ...(kubeconfig === undefined ? [] : [` --kubeconfig ${kubeconfig}`]),
    ...(context === undefined ? [] : [` --context ${context}`]),
  ].join('')
}
