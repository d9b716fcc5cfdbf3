import { initRegistry } from '@isthmus/agent'
import { withCluster } from '../commands/cluster-options.ts'
import type { InitFlags } from '../commands/init.ts'
import type { CommandContext } from '../context.ts'
import { flag } from './flags-again.ts'

/** `isthmus init`: a line for each object that was written, and the next command. */
export async function runInit(flags: InitFlags, context: CommandContext): Promise<void> {
  const { clusterset, kubeconfig } = flags
  let written = 0
  const { namespace } = await withCluster(flags, context, 'make the registry', client =>
    initRegistry({
      client,
      clusterset,
      namespace: flags.namespace,
      lostMemberPolicy: flags.lostMemberPolicy,
      onProgress: ({ object, action }) => {
        if (action === 'unchanged') return
        written++
        context.stdout.write(`${object.kind.toLowerCase()}/${object.metadata.name} ${action}\n`)
      },
    }),
  )
  const state = written === 0 ? 'is there already' : 'is ready'
  const join = `isthmus join${flag('kubeconfig', kubeconfig)} --context CLUSTER${flag('registry-context', flags.context)} --cluster-id ID`
  context.stdout.write(`
The registry of ClusterSet ${clusterset} ${state}, in namespace ${namespace}.
Next, for each cluster that is to be a member:

  ${join}
`)
}
