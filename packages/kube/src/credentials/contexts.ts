import { readKubeconfig } from './kubeconfig.ts'
import { kubeconfigFiles, type LoadCredentialsOptions } from './load-credentials.ts'

export interface ContextNames {
  /** In the order of the file. Empty where there is no kubeconfig: then the only cluster is the one around a pod. */
  readonly names: readonly string[]
  readonly current: string | undefined
}

/** The contexts of the kubeconfig that `loadCredentials` would use. Throws as it does. */
export function listContexts(options: Omit<LoadCredentialsOptions, 'context'> = {}): ContextNames {
  const { files, optional } = kubeconfigFiles(options.kubeconfig, options.environment ?? process.env)
  const kubeconfig = readKubeconfig(files, { optional })
  return {
    names: [...(kubeconfig?.contexts.keys() ?? [])],
    current: kubeconfig?.currentContext || undefined,
  }
}
