/** kubectl as a person uses it on objects: make, apply, compare, change, delete. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { effects } from '@isthmus/apiserver'
import { until } from '../../fixtures/until.ts'
import { useCluster } from './cluster.ts'
import { configMap, deployment, pod, service } from './manifests.ts'

const cluster = useCluster()
const lines = (text: string) => text.trim().split('\n')

describe('kubectl, objects', { concurrency: 3 }, () => {
  test('create makes what it is asked to', async () => {
    const { kubectl, refused } = bound(cluster.workspace())
    const made: Record<string, string> = {
      'configmap settings --from-literal=a=1': 'configmap/settings created',
      'secret generic key --from-literal=k=v': 'secret/key created',
      'deployment web --image=nginx:1 --replicas=2 --port=80': 'deployment.apps/web created',
      'service clusterip web --tcp=80:8080': 'service/web created',
      'service nodeport outside --tcp=80:8080': 'service/outside created',
      'service externalname away --external-name=example.com': 'service/away created',
      'serviceaccount bot': 'serviceaccount/bot created',
      'role reader --verb=get,list --resource=pods': 'role.rbac.authorization.k8s.io/reader created',
      'rolebinding reader --role=reader --user=jane': 'rolebinding.rbac.authorization.k8s.io/reader created',
      'job once --image=busybox -- true': 'job.batch/once created',
      'cronjob often --image=busybox --schedule=@hourly': 'cronjob.batch/often created',
      'ingress front --rule=example.com/*=web:80': 'ingress.networking.k8s.io/front created',
      'quota all --hard=pods=3': 'resourcequota/all created',
      'poddisruptionbudget web --selector=app=web --min-available=1':
        'poddisruptionbudget.policy/web created',
    }
    for (const [args, told] of Object.entries(made))
      assert.equal((await kubectl(`create ${args}`)).trim(), told)
    assert.equal((await kubectl('create token bot')).trim().split('.').length, 3)
    assert.equal(
      await refused('create serviceaccount bot'),
      'error: failed to create serviceaccount: serviceaccounts "bot" already exists',
    )
    assert.equal(
      (await kubectl('expose deployment web --name=seen --port=81')).trim(),
      'service/seen exposed',
    )
    assert.equal(
      (await kubectl('run one --image=busybox --restart=Never -- sleep 1')).trim(),
      'pod/one created',
    )
    assert.match(
      await kubectl('autoscale deployment web --max=3'),
      /^horizontalpodautoscaler.*\/web autoscaled/,
    )
  })

  test('apply from the client: created, unchanged, configured, pruned', async () => {
    const { kubectl, refused, try: attempt } = bound(cluster.workspace())
    const labels = { labels: { set: 'one' } }
    const set = (image: string, data: Record<string, string>) => [
      configMap('a', data, labels),
      service('a', 80, labels),
      deployment('a', image, labels),
    ]
    const told = async (args: string, ...input: ReturnType<typeof set>) => lines(await kubectl(args, input))
    const first = set('i:1', { w: '1', x: '1' })
    const kinds = ['configmap/a', 'service/a', 'deployment.apps/a']
    const all = (what: string) => kinds.map(kind => `${kind} ${what}`)
    assert.deepEqual(await told('apply --dry-run=server -f -', ...first), all('created (server dry run)'))
    assert.equal((await attempt('diff -f -', first)).code, 1)
    assert.deepEqual(await told('apply -f -', ...first), all('created'))
    assert.deepEqual(await told('apply -f -', ...first), all('unchanged'))
    assert.equal((await attempt('diff -f -', first)).code, 0)

    const second = set('i:2', { x: '2' })
    const difference = await attempt('diff -f -', second)
    assert.equal(difference.code, 1)
    assert.match(difference.stdout, /-\s+image: i:1\n\+\s+image: i:2/)
    assert.match(difference.stdout, /-\s+w: "1"\n-\s+x: "1"\n\+\s+x: "2"/)
    assert.deepEqual(await told('apply -f -', ...second), [
      'configmap/a configured',
      'service/a unchanged',
      'deployment.apps/a configured',
    ])
    assert.equal(await kubectl('get configmap a -o jsonpath={.data}'), '{"x":"2"}')
    assert.match(await kubectl('apply view-last-applied configmap a'), /\n {2}x: "2"\n/)

    const pruned = await told('apply --prune -l set=one -f -', second[0] as (typeof second)[number])
    assert.deepEqual(pruned, ['configmap/a unchanged', 'service/a pruned', 'deployment.apps/a pruned'])
    assert.match(await refused('get deployment a'), /\(NotFound\): deployments\.apps "a" not found/)
  })

  test('apply on the server: owners, conflicts, dry run, diff', async () => {
    const { kubectl, refused, try: attempt } = bound(cluster.workspace())
    const apply = 'apply --server-side -f -'
    assert.equal((await kubectl(apply, configMap('a', { k: '1' }))).trim(), 'configmap/a serverside-applied')
    const other = `${apply} --field-manager=other`
    const conflict = await refused(other, configMap('a', { k: '2' }))
    assert.match(conflict, /^error: Apply failed with 1 conflict: conflict with "kubectl": \.data\.k\n/)
    assert.match(
      await kubectl(`${other} --force-conflicts --dry-run=server`, configMap('a', { k: '2' })),
      /server dry run/,
    )
    assert.equal(await kubectl('get configmap a -o jsonpath={.data.k}'), '1')
    const diff = await attempt(
      'diff --server-side --force-conflicts --field-manager=other -f -',
      configMap('a', { k: '2' }),
    )
    assert.match(diff.stdout, /-\s+k: "1"\n\+\s+k: "2"/)
    await kubectl(`${other} --force-conflicts`, configMap('a', { k: '2' }))
    // The first one no longer has it: leaving it out takes nothing away.
    await kubectl(apply, configMap('a', {}))
    assert.equal(await kubectl('get configmap a -o jsonpath={.data.k}'), '2')
    const managers = '-o jsonpath={.metadata.managedFields[*].manager}'
    assert.match(await kubectl(`get configmap a --show-managed-fields ${managers}`), /other/)
  })

  test('what is wrong in a manifest is told before and after it is sent', async () => {
    const { refused, try: attempt } = bound(cluster.workspace())
    const unknown = { ...configMap('a'), dat: {} }
    assert.match(await refused('create -f -', unknown), /strict decoding error: unknown field "dat"/)
    const warned = await attempt('apply --validate=warn -f -', unknown)
    assert.equal(warned.stderr.includes('Warning: unknown field "dat"'), true, warned.stderr)
    const nowhere = { ...service('a'), spec: { ports: [{ port: 0 }] } }
    assert.match(
      await refused('apply -f -', nowhere),
      /^The Service "a" is invalid: \n?\* ?spec\.ports\[0\]\.port: Invalid value: 0/m,
    )
    // As with an object of a kind whose definition is not there yet.
    const missing = { ...configMap('a'), kind: 'ConfigMop' }
    assert.match(await refused('apply -f -', missing), /no matches for kind "ConfigMop" in version "v1"/)
  })

  test('replace, and edit with an editor', async () => {
    const space = cluster.workspace()
    const { kubectl, refused } = bound(space)
    assert.match(await refused('replace -f -', configMap('a')), /\(NotFound\).*configmaps "a" not found/)
    await kubectl('create -f -', configMap('a', { k: '1' }))
    assert.equal((await kubectl('replace -f -', configMap('a', { k: '2' }))).trim(), 'configmap/a replaced')
    const manifest = join(cluster.folder, 'a.json')
    writeFileSync(manifest, JSON.stringify(configMap('a', { k: '4' })))
    const replaced = lines(await kubectl(['replace', '--force', '-f', manifest]))
    assert.deepEqual(replaced, [
      `configmap "a" deleted from ${space.namespace} namespace`,
      'configmap/a replaced',
    ])

    const edit = (script: string, what = 'configmap a') =>
      space.try(`edit ${what}`, undefined, { KUBE_EDITOR: `sed -i -e ${script}` })
    assert.equal((await edit(`s/k:/l:/`)).stdout.trim(), 'configmap/a edited')
    assert.equal(await kubectl('get configmap a -o jsonpath={.data}'), '{"l":"4"}')
    assert.match((await edit('s/none/other/')).stderr, /Edit cancelled, no changes made/)
  })

  test('patch, label, annotate, set', async () => {
    const { kubectl, refused } = bound(cluster.workspace())
    await kubectl('create -f -', [service('a'), deployment('a', 'i:1'), pod('a')])
    const patch = async (what: string, type: string, body: unknown, more: string[] = []) =>
      (
        await kubectl(['patch', ...what.split(' '), '--type', type, '-p', JSON.stringify(body), ...more])
      ).trim()
    assert.equal(
      await patch('service a', 'strategic', { spec: { ports: [{ port: 80, targetPort: 81 }] } }),
      'service/a patched',
    )
    assert.equal(await patch('service/a', 'merge', { metadata: { labels: { l: 'v' } } }), 'service/a patched')
    assert.equal(
      await patch('service/a', 'merge', { metadata: { labels: { l: 'v' } } }),
      'service/a patched (no change)',
    )
    await patch('service a', 'json', [{ op: 'replace', path: '/spec/ports/0/port', value: 90 }])
    assert.equal(
      await kubectl('get service a -o jsonpath={.spec.ports[0]}{.metadata.labels.l}'),
      '{"name":"http","port":90,"protocol":"TCP","targetPort":81}v',
    )
    await patch('pod a', 'merge', { status: { phase: 'Running' } }, ['--subresource=status'])
    assert.equal(await kubectl('get pod a -o jsonpath={.status.phase}'), 'Running')
    await patch('deployment a', 'merge', { spec: { replicas: 2 } }, ['--subresource=scale'])
    assert.equal(await kubectl('get deployment a -o jsonpath={.spec.replicas}'), '2')

    assert.equal((await kubectl('label service a l=w --overwrite')).trim(), 'service/a labeled')
    assert.equal(
      await refused('label service a l=x'),
      "error: 'l' already has a value (w), and --overwrite is false",
    )
    assert.equal((await kubectl('label service a l-')).trim(), 'service/a unlabeled')
    assert.equal((await kubectl('annotate services --all n=1')).trim(), 'service/a annotated')
    assert.match(await refused('label service a a_=!'), /Invalid value: "!"|invalid label value/)
    assert.equal((await kubectl('set image deployment/a main=i:2')).trim(), 'deployment.apps/a image updated')
    assert.equal((await kubectl('set env deployment/a KEY=other')).trim(), 'deployment.apps/a env updated')
    assert.equal(
      (await kubectl('set resources deployment a --limits=cpu=100m')).trim(),
      'deployment.apps/a resource requirements updated',
    )
    const container = JSON.parse(
      await kubectl('get deployment a -o jsonpath={.spec.template.spec.containers[0]}'),
    )
    assert.deepEqual(
      [container.image, container.env, container.resources],
      ['i:2', [{ name: 'KEY', value: 'other' }], { limits: { cpu: '100m' } }],
    )
  })

  test('delete: by name, label, file; cascades; finalizers; grace', async () => {
    const space = cluster.workspace()
    const { kubectl, refused } = bound(space)
    const from = `deleted from ${space.namespace} namespace`
    await kubectl('create -f -', [
      configMap('a'),
      configMap('b', {}, { labels: { g: 'x' } }),
      configMap('c', {}, { labels: { g: 'x' } }),
      configMap('held', {}, { finalizers: ['example.test/hold'] }),
      pod('p'),
      deployment('d', 'i:1'),
      deployment('e', 'i:1'),
      deployment('f', 'i:1'),
    ])
    assert.match(await kubectl('delete configmap a --dry-run=server'), /\(server dry run\)/)
    assert.equal((await kubectl('delete configmap a')).trim(), `configmap "a" ${from}`)
    assert.deepEqual(lines(await kubectl('delete configmaps -l g=x')), [
      `configmap "b" ${from}`,
      `configmap "c" ${from}`,
    ])
    assert.match(await refused('delete configmap a'), /\(NotFound\): configmaps "a" not found/)
    assert.equal(await kubectl('delete configmap a --ignore-not-found'), '')

    // It waits for the finalizer, as long as it is told.
    assert.match(
      await refused('delete configmap held --timeout=100ms'),
      /timed out waiting for the condition/,
    )
    assert.notEqual(await kubectl('get configmap held -o jsonpath={.metadata.deletionTimestamp}'), '')
    // Let go only once kubectl waits: of what is gone before, it says nothing.
    const waits = cluster.server.faults.add({
      match: { verb: 'watch', resource: 'configmaps' },
      effect: effects.delay(0),
    })
    const held = kubectl('wait --for=delete configmap/held --timeout=10s')
    await until('kubectl watches', () => waits.count > 0)
    waits.remove()
    await kubectl(['patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
    assert.equal((await held).trim(), 'configmap/held condition met')

    assert.match(await kubectl('delete pod p --grace-period=0 --force'), /pod "p" force deleted/)
    await kubectl('delete deployment d --cascade=orphan')
    await kubectl('delete deployment e --cascade=foreground')
    await kubectl('delete deployment f --cascade=background')
    await kubectl('wait --for=delete replicasets -l app=f --timeout=10s')
    assert.match(await kubectl('get replicasets -o name'), /^replicaset\.apps\/d-[a-z0-9]+\n$/)
  })
})

function bound(space: ReturnType<typeof cluster.workspace>) {
  return {
    kubectl: space.kubectl.bind(space),
    refused: space.refused.bind(space),
    try: space.try.bind(space),
  }
}
