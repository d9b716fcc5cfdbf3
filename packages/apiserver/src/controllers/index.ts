/** The controllers of a cluster: what kube-controller-manager does, as far as Services and their pods go. */
import { type ControllerContext, runController } from './controller.ts'
import { endpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts'
import { EveryResource } from './every-resource.ts'
import { GarbageCollector } from './garbage-collector/garbage-collector.ts'
import {
  type KubernetesServiceOptions,
  kubernetesServiceController,
} from './kubernetes-service-controller.ts'
import { namespaceController } from './namespace/namespace-controller.ts'
import { rootCAController } from './namespace/root-ca-controller.ts'
import { serviceAccountController } from './namespace/service-account-controller.ts'
import { deploymentController } from './workloads/deployment-controller.ts'
import { replicaSetController } from './workloads/replica-set-controller.ts'
import { statefulSetController } from './workloads/stateful-set-controller.ts'

export interface ControllersOptions {
  readonly kubernetesService: KubernetesServiceOptions
  /** Certificate (PEM) by which pods know an API server with TLS. */
  readonly rootCA?: string
}

/** Runs all controllers until the answer is called. They start with what is stored. */
export function startControllers(context: ControllerContext, options: ControllersOptions): () => void {
  const { kubernetesService, rootCA } = options
  const everything = new EveryResource(context)
  const garbageCollector = new GarbageCollector(context, everything)
  const ends = [
    deploymentController(context),
    replicaSetController(context),
    statefulSetController(context),
    endpointSliceController(context),
    namespaceController(context, everything),
    serviceAccountController(context),
    ...(rootCA === undefined ? [] : [rootCAController(context, rootCA)]),
    kubernetesServiceController(context, kubernetesService),
  ].map(controller => runController(context, controller))
  everything.start()
  return () => {
    for (const end of ends) end()
    garbageCollector.stop()
    everything.stop()
  }
}
