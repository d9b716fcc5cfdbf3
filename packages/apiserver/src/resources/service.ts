import type { ResourceDefinition } from '../registry/definition.ts'
import { AGE_COLUMN, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'
import type { ServiceAllocation } from './service-allocation.ts'
import { SERVICE_COLUMNS, SERVICE_SELECTOR_COLUMN } from './service-columns.ts'
import { SERVICE_CONNECTIONS } from './service-connections.ts'
import { serviceRules } from './service-rules.ts'
import { SERVICES, type Service } from './service-spec.ts'

/** `v1` Service. Addresses and node ports come out of `allocation`, which belongs to one server. */
export const services = (allocation: ServiceAllocation): ResourceDefinition =>
  builtIn({
    ...SERVICES,
    kind: 'Service',
    shortNames: ['svc'],
    categories: ['all'],
    status: true,
    nameFormat: 'label',
    createOnUpdate: true,
    deleteAnswersObject: true,
    emptyObject: { spec: {}, status: { loadBalancer: {} } },
    selectableFields: {
      'spec.clusterIP': object => (object as Service).spec.clusterIP ?? '',
      'spec.type': object => (object as Service).spec.type ?? '',
    },
    columns: [NAME_COLUMN, ...SERVICE_COLUMNS, AGE_COLUMN, SERVICE_SELECTOR_COLUMN],
    connections: SERVICE_CONNECTIONS,
    rules: serviceRules(allocation),
  })
