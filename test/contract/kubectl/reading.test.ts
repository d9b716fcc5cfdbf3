/** kubectl as a person looks at a cluster: get in all forms, describe, explain, what may be done. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toolPath } from '../../fixtures/kubectl.ts'
import { until } from '../../fixtures/until.ts'
import { useCluster, type Workspace } from './cluster.ts'
import { configMap, deployment, pod, service } from './manifests.ts'

const cluster = useCluster()
const PODS = { group: '', plural: 'pods' }
const lines = (text: string) => text.trimEnd().split('\n')
/** A table by its columns, without ages. */
const cells = (text: string) => lines(text).map(line => line.trim().split(/ {2,}/))

/** Writes what a kubelet would: nothing runs here. */
function run({ namespace }: Workspace, name: string, podIP: string): void {
  const found = cluster.server.local.get(PODS, namespace, name)
  assert.ok(found)
  const status = {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: '2026-01-01T00:00:00Z',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'main',
        ready: true,
        restartCount: 2,
        image: 'main:1',
        imageID: 'main',
        state: { running: {} },
      },
    ],
  }
  cluster.server.local.updateStatus(PODS, { ...found, status })
}

describe('kubectl, reading', { concurrency: 3 }, () => {
  test('get: tables, selectors, order, templates', async () => {
    const space = cluster.workspace()
    const kubectl = space.kubectl.bind(space)
    const labels = (tier: string) => ({ labels: { tier } })
    await kubectl('create -f -', [
      pod('b', labels('web')),
      pod('a', labels('web')),
      pod('c', labels('data')),
      service('s'),
    ])
    run(space, 'a', '10.0.0.1')
    assert.deepEqual(
      cells(await kubectl('get pods -o wide --no-headers')).map(row =>
        row.filter((_, column) => column !== 4),
      ),
      [
        ['a', '1/1', 'Running', '2', '10.0.0.1', '<none>', '<none>', '<none>'],
        ['b', '0/1', 'Pending', '0', '<none>', '<none>', '<none>', '<none>'],
        ['c', '0/1', 'Pending', '0', '<none>', '<none>', '<none>', '<none>'],
      ],
    )
    const get = async (args: string) => lines(await kubectl(`get pods ${args}`))
    assert.deepEqual(await get('-l tier=web,tier!=data -o name'), ['pod/a', 'pod/b'])
    assert.deepEqual(await get('--field-selector status.phase=Running -o name'), ['pod/a'])
    const columns = 'custom-columns=NAME:.metadata.name,TIER:.metadata.labels.tier'
    assert.deepEqual(await get(`-o ${columns} --sort-by=.metadata.labels.tier`), [
      'NAME   TIER',
      'c      data',
      'a      web',
      'b      web',
    ])
    assert.equal(await kubectl(['get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}']), 'a b c')
    assert.deepEqual(await get(`-A --field-selector metadata.namespace=${space.namespace} -o name`), [
      'pod/a',
      'pod/b',
      'pod/c',
    ])
    assert.match(await kubectl('get pod a -o yaml'), /^apiVersion: v1\nkind: Pod\nmetadata:\n/)
    assert.equal(JSON.parse(await kubectl('get pods,services -o json')).items.length, 4)
    assert.deepEqual(cells(await kubectl('get pods -L tier --show-labels'))[0]?.slice(-2), ['TIER', 'LABELS'])
    assert.match(await kubectl('get all'), /^NAME .*\npod\/a .*[\s\S]*\nservice\/s /)
    assert.match(await space.refused('get pod x'), /^Error from server \(NotFound\): pods "x" not found$/)
    assert.match(await space.refused('get nothings'), /doesn't have a resource type "nothings"/)
    assert.match(
      await space.refused('get pods --field-selector spec.x=y'),
      /field label not supported: spec\.x/,
    )
    assert.equal(
      (await space.try('get secrets')).stderr.trim(),
      `No resources found in ${space.namespace} namespace.`,
    )
  })

  test('get -w prints what changes, a row each', async () => {
    const space = cluster.workspace()
    await space.kubectl('create -f -', configMap('a'))
    const env = {
      KUBECONFIG: join(cluster.folder, 'kubeconfig'),
      KUBECACHEDIR: join(cluster.folder, 'cache'),
    }
    const args = [
      'get',
      'configmaps',
      '-n',
      space.namespace,
      '-w',
      '--output-watch-events',
      '--field-selector=metadata.name!=kube-root-ca.crt',
    ]
    const child = spawn(await toolPath('kubectl'), args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'close')
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    try {
      await until('the table is there', () => printed.includes('ADDED'))
      await space.kubectl('create -f -', configMap('b'))
      await space.kubectl(['patch', 'configmap', 'b', '-p', '{"data":{"k":"v"}}'])
      await space.kubectl('delete configmap b')
      await until('all is told', () => printed.includes('DELETED'))
    } finally {
      child.kill()
      await ended
    }
    assert.deepEqual(
      cells(printed).map(row => row.slice(0, 3)),
      [
        ['EVENT', 'NAME', 'DATA'],
        ['ADDED', 'a', '0'],
        ['ADDED', 'b', '0'],
        ['MODIFIED', 'b', '1'],
        ['DELETED', 'b', '1'],
      ],
    )
  })

  test('describe: what a kind has, in words', async () => {
    const space = cluster.workspace()
    const kubectl = space.kubectl.bind(space)
    await kubectl('create -f -', [
      pod('p'),
      service('s'),
      deployment('d', 'i:1'),
      configMap('c', { key: 'value' }),
    ])
    await kubectl('create secret generic key --from-literal=k=abc')
    await kubectl('create role r --verb=get --resource=pods')
    await kubectl('create cronjob often --image=busybox --schedule=@hourly')
    await kubectl('wait --for=jsonpath={.status.unavailableReplicas}=1 deployment/d --timeout=5s')
    const told: Record<string, RegExp> = {
      'pod/p': /Status: +Pending[\s\S]*QoS Class: +BestEffort/,
      'service/s': /Type: +ClusterIP[\s\S]*Port: +http +80\/TCP/,
      'deployment/d':
        /Replicas: +1 desired \| 1 updated \| 1 total \| 0 available \| 1 unavailable[\s\S]*NewReplicaSet: +d-/,
      'configmap/c': /Data\n====\nkey:\n----\nvalue\n/,
      'secret/key': /k: +3 bytes/,
      'role/r': /pods +\[\] +\[\] +\[get\]/,
      'cronjob/often': /Schedule: +@hourly/,
      [`namespace/${space.namespace}`]: /Status: +Active/,
      'clusterrole/view': /namespaces +\[\] +\[\] +\[get list watch\]/,
    }
    // One after the other, with empty lines between them, in the order that they were asked for.
    const text = await kubectl(`describe ${Object.keys(told).join(' ')}`)
    const described = text.split(/\n{2,}(?=Name: )/)
    assert.equal(described.length, Object.keys(told).length, text)
    for (const [i, words] of Object.values(told).entries()) assert.match(described[i] ?? '', words)
    assert.match(await kubectl('describe replicasets -l app=d'), /Controlled By: +Deployment\/d/)
    assert.equal(await kubectl('describe crd,nodes,leases -A'), '')
    assert.match(await space.refused('describe pod x'), /pods "x" not found/)
  })

  test('kept kinds have their columns', async () => {
    const { kubectl } = bound(cluster.workspace())
    await kubectl('create job j --image=busybox')
    await kubectl('create cronjob c --image=busybox --schedule=@daily')
    await kubectl('create ingress i --rule=example.com/*=web:80,tls --class=main')
    await kubectl('create poddisruptionbudget p --selector=a=b --max-unavailable=1')
    const tables = (await kubectl('get job,cronjob,ingress,pdb')).trimEnd().split('\n\n')
    assert.deepEqual(
      tables.map(table => cells(table).map(row => row.slice(0, -1))),
      [
        [
          ['NAME', 'STATUS', 'COMPLETIONS', 'DURATION'],
          ['job.batch/j', 'Running', '0/1'],
        ],
        [
          ['NAME', 'SCHEDULE', 'TIMEZONE', 'SUSPEND', 'ACTIVE', 'LAST SCHEDULE'],
          ['cronjob.batch/c', '@daily', '<none>', 'False', '0', '<none>'],
        ],
        [
          ['NAME', 'CLASS', 'HOSTS', 'ADDRESS', 'PORTS'],
          ['ingress.networking.k8s.io/i', 'main', 'example.com', '80, 443'],
        ],
        [
          ['NAME', 'MIN AVAILABLE', 'MAX UNAVAILABLE', 'ALLOWED DISRUPTIONS'],
          ['poddisruptionbudget.policy/p', 'N/A', '1', '0'],
        ],
      ],
    )
  })

  test('what is served: api-resources, api-versions, version, explain', async () => {
    const { kubectl, refused } = bound(cluster.workspace())
    const resources = lines(await kubectl('api-resources -o wide'))
    assert.match(
      resources.find(line => line.startsWith('services ')) ?? '',
      /svc +v1 +true +Service +create,delete/,
    )
    assert.deepEqual(lines(await kubectl('api-resources --api-group=coordination.k8s.io -o name')), [
      'leases.coordination.k8s.io',
    ])
    const versions = lines(await kubectl('api-versions'))
    for (const version of ['v1', 'apps/v1', 'discovery.k8s.io/v1']) assert.ok(versions.includes(version))
    assert.equal(JSON.parse(await kubectl('version -o json')).serverVersion.minor, '36')
    assert.match(await kubectl('cluster-info'), /control plane.* is running at .*https:\/\/127\.0\.0\.1:/)
    assert.match(await kubectl('config view'), /certificate-authority-data: DATA\+OMITTED/)
    assert.match(
      await kubectl('explain service.spec.ports'),
      /FIELD: ports <\[\]ServicePort>[\s\S]*port\t<integer> -required-/,
    )
    assert.match(await kubectl('explain deployment.spec.strategy.rollingUpdate'), /maxSurge\t<IntOrString>/)
    assert.match(
      await kubectl('explain cronjob --recursive'),
      /\n {2}spec\t<CronJobSpec>.*\n[\s\S]*\n {4}schedule\t<string> -required-/,
    )
    assert.match(
      await kubectl('explain pod.spec --output=plaintext-openapiv2'),
      /containers\t<\[\]Object> -required-/,
    )
    assert.match(await refused('explain service.spec.nothing'), /field "nothing" does not exist/)
    assert.equal(await kubectl('get --raw /readyz'), 'ok')
    assert.equal(JSON.parse(await kubectl('get --raw /api/v1/namespaces/default')).metadata.name, 'default')
  })

  test('who may do what', async () => {
    const space = cluster.workspace()
    const { kubectl, refused, try: attempt } = bound(space)
    await kubectl('create serviceaccount bot')
    await kubectl('create role reader --verb=get,list --resource=pods,services')
    await kubectl(`create rolebinding reader --role=reader --serviceaccount=${space.namespace}:bot`)
    const bot = `--as system:serviceaccount:${space.namespace}:bot`
    assert.equal(await kubectl('auth can-i * *'), 'yes\n')
    assert.equal(await kubectl(`auth can-i list pods ${bot}`), 'yes\n')
    const no = await attempt(`auth can-i delete pods ${bot}`)
    assert.deepEqual([no.code, no.stdout], [1, 'no\n'])
    assert.match(await kubectl(`auth can-i --list ${bot}`), /\npods +\[\] +\[\] +\[get list\]\n/)
    assert.match(
      await kubectl(`auth whoami ${bot}`),
      /Username +system:serviceaccount:.*:bot\n[\s\S]*system:serviceaccounts/,
    )
    assert.match(
      await refused(`delete pod x ${bot}`),
      /^Error from server \(Forbidden\): pods "x" is forbidden: User "system:serviceaccount:.*:bot" cannot delete resource "pods" in API group "" in the namespace/,
    )
  })

  test('what there is none of is told politely', async () => {
    const space = cluster.workspace()
    const { kubectl, refused, try: attempt } = bound(space)
    await kubectl('create -f -', pod('p'))
    assert.equal(await refused('top pods'), 'error: Metrics API not available')
    assert.equal((await attempt('events')).stderr.trim(), `No events found in ${space.namespace} namespace.`)
    assert.match(await refused('logs p'), /\(BadRequest\): pod p does not have a host assigned/)
    for (const what of ['exec p -- ls', 'attach p', 'cp p:/file /dev/null']) {
      assert.match(await refused(what), /\(NotImplemented\): pods "p": (exec|attach) is not served/)
    }
    assert.match(await refused('port-forward pod/p 8080:80'), /pod is not running/)
    assert.match(await refused('drain nowhere'), /nodes "nowhere" not found/)
    await kubectl('create -f -', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'p.1' },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        name: 'p',
        namespace: space.namespace,
        uid: await kubectl('get pod p -o jsonpath={.metadata.uid}'),
      },
      type: 'Warning',
      reason: 'Odd',
      message: 'something is odd',
      lastTimestamp: new Date().toISOString(),
    })
    assert.match(await kubectl('events --for pod/p'), /Warning +Odd +Pod\/p +something is odd/)
    assert.match(await kubectl('describe pod p'), /Warning +Odd .* something is odd/)
  })
})

function bound(space: Workspace) {
  return {
    kubectl: space.kubectl.bind(space),
    refused: space.refused.bind(space),
    try: space.try.bind(space),
  }
}
