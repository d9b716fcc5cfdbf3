/** helm: a chart is installed, upgraded, rolled back and removed. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { useCluster, type Workspace } from './cluster.ts'
import { configMap, deployment, service } from './manifests.ts'

const cluster = useCluster()
const DEPLOYMENTS = { group: 'apps', plural: 'deployments' }
const CONFIG_MAPS = { group: '', plural: 'configmaps' }
const SECRETS = { group: '', plural: 'secrets' }

/** A chart with a Deployment, a Service, a ConfigMap of its values and one that is a hook. */
function writeChart(folder: string): string {
  const chart = join(folder, 'web')
  mkdirSync(join(chart, 'templates'), { recursive: true })
  const hook = { annotations: { 'helm.sh/hook': 'pre-install,pre-upgrade' } }
  const files: Record<string, unknown> = {
    'Chart.yaml': { apiVersion: 'v2', name: 'web', version: '0.1.0', appVersion: '1' },
    'values.yaml': { image: 'web:1', replicas: 0 },
    'templates/deployment.yaml': { ...deployment('web', '{{ .Values.image }}') },
    'templates/service.yaml': service('web'),
    'templates/values.yaml': configMap('web', { revision: '{{ .Release.Revision }}' }),
    'templates/hook.yaml': configMap('web-hook', { release: '{{ .Release.Name }}' }, hook),
  }
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(chart, name), JSON.stringify(content))
  return chart
}

async function helm(space: Workspace, args: string): Promise<string> {
  const { code, stdout, stderr } = await space.helm(args)
  assert.equal(code, 0, `helm ${args}: ${stderr}`)
  return stdout
}

test('install, upgrade, roll back, uninstall', { timeout: 60_000 }, async () => {
  const space = cluster.workspace()
  const { local } = cluster.server
  const chart = writeChart(cluster.folder)
  const found = (key: typeof CONFIG_MAPS, name: string) => local.get(key, space.namespace, name)
  const image = () => {
    const { spec } = found(DEPLOYMENTS, 'web') as unknown as ReturnType<typeof deployment>
    return spec.template.spec.containers[0]?.image
  }
  const releases = () =>
    local
      .list(SECRETS, space.namespace)
      .map(({ metadata }) => metadata.name)
      .filter(name => name.startsWith('sh.helm.release'))

  assert.match(await helm(space, `template web ${chart} --validate`), /kind: Deployment|"kind":"Deployment"/)
  assert.match(await helm(space, `install web ${chart}`), /STATUS: deployed\nREVISION: 1/)
  assert.equal(image(), 'web:1')
  assert.deepEqual(found(CONFIG_MAPS, 'web-hook')?.data, { release: 'web' })
  assert.deepEqual(releases(), ['sh.helm.release.v1.web.v1'])
  const listed = JSON.parse(await helm(space, 'list -o json'))
  assert.deepEqual([listed.length, listed[0].chart, listed[0].status], [1, 'web-0.1.0', 'deployed'])

  assert.match(await helm(space, `upgrade web ${chart} --set image=web:2`), /REVISION: 2/)
  assert.equal(image(), 'web:2')
  assert.match(await helm(space, 'get manifest web'), /web:2/)
  await helm(space, 'rollback web 1')
  assert.equal(image(), 'web:1')
  const history = JSON.parse(await helm(space, 'history web -o json')) as { status: string }[]
  assert.deepEqual(
    history.map(({ status }) => status),
    ['superseded', 'superseded', 'deployed'],
  )
  assert.match(
    (await space.helm(`install web ${chart}`)).stderr,
    /cannot re-use a name that is still in use|cannot reuse a name/,
  )
  await helm(space, 'uninstall web')
  assert.deepEqual(
    [found(DEPLOYMENTS, 'web'), found(CONFIG_MAPS, 'web'), releases()],
    [undefined, undefined, []],
  )
  // Hooks are not part of a release: they stay.
  assert.ok(found(CONFIG_MAPS, 'web-hook'))
})

test('install --wait returns when all is ready', { timeout: 60_000 }, async () => {
  const space = cluster.workspace()
  const chart = writeChart(cluster.folder)
  const { local } = cluster.server
  const PODS = { group: '', plural: 'pods' }
  let isReady = false
  const stop = local.watch(PODS, ({ type, object }) => {
    if (type !== 'ADDED' || object.metadata.namespace !== space.namespace) return
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    isReady = true
    local.updateStatus(PODS, { ...object, status })
  })
  try {
    assert.match(await helm(space, `install web ${chart} --wait --timeout 20s`), /STATUS: deployed/)
  } finally {
    stop()
  }
  assert.equal(isReady, true)
  const status = local.get(DEPLOYMENTS, space.namespace, 'web')?.status as { availableReplicas?: number }
  assert.equal(status.availableReplicas, 1)
})
