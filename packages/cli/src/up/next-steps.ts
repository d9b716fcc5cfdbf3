/** What a person may do with a running playground, each line ready to paste. Pure. */
import { DEMO_NAMESPACE, DEMO_SERVICE, type PlaygroundState } from '@isthmus/playground'

export interface NextStepsOptions {
  readonly state: Pick<PlaygroundState, 'kubeconfig' | 'clusters' | 'registry'>
  /** Unset: without the demo service. */
  readonly demoPort?: number | undefined
  /** Where the playground was started: its commands are found from there. */
  readonly folder: string
  /** Set if its own folder is not the usual one: other terminals have to be told. */
  readonly home?: string | undefined
}

export function nextSteps({ state, demoPort, folder, home }: NextStepsOptions): string[] {
  const { clusters } = state
  const viewer = clusters.at(-1)
  if (viewer === undefined) return []
  const kubectl = (context: string) => `kubectl --kubeconfig ${quoted(state.kubeconfig)} --context ${context}`
  const isthmus = `${home === undefined ? '' : `ISTHMUS_HOME=${quoted(home)} `}npx isthmus`
  const host = `${DEMO_SERVICE}.${DEMO_NAMESPACE}.svc.clusterset.local`
  const exporters = clusters.slice(0, 2).map(({ name }) => name)
  const [first = viewer.name] = exporters
  const last = exporters.at(-1) ?? first
  const demo =
    demoPort === undefined
      ? [
          ['See what a cluster is made of', `${kubectl(viewer.name)} get namespaces,nodes`],
          [
            'Export a Service of yours: a ServiceExport of its name',
            `${kubectl(first)} explain serviceexport`,
          ],
        ]
      : [
          ['See what the clusters import', `${kubectl(viewer.name)} get serviceimports -A`],
          ['Ask for its name', `dig @${viewer.dns.address} -p ${viewer.dns.port} +noall +answer ${host}`],
          [
            `Call it as a pod of ${viewer.name} would`,
            `${isthmus} request --from ${viewer.name} -n 100 http://${host}:${demoPort}/`,
          ],
          [
            'Run more of it in one cluster',
            `${kubectl(last)} -n ${DEMO_NAMESPACE} scale deployment ${DEMO_SERVICE} --replicas 4`,
          ],
          [
            'Withdraw it from one cluster',
            `${kubectl(first)} -n ${DEMO_NAMESPACE} delete serviceexport ${DEMO_SERVICE}`,
          ],
        ]
  const registry = `--kubeconfig ${quoted(state.kubeconfig)} --registry-context ${state.registry}`
  const membership = [
    ['See who is a member', `${isthmus} members ${registry}`],
    ['Let a cluster leave', `${isthmus} leave --context ${viewer.name} ${registry}`],
    [
      'Let it join again, and start its agent',
      `${isthmus} join --context ${viewer.name} --cluster-id ${viewer.name} --no-wait ${registry} && ${isthmus} start ${viewer.name}`,
    ],
  ]
  const control = [['Stop a cluster; `start` brings it back', `${isthmus} stop ${last}`]]
  const go = [['Where this playground is known', `cd ${quoted(folder)}`]]
  return [...go, ...demo, ...membership, ...control].flatMap(([what, line]) => [`# ${what}`, `${line}`])
}

/** For a POSIX shell; paths that need no quotes get none. */
function quoted(path: string): string {
  return /^[\w./~+:@%-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
