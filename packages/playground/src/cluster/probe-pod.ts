import { type Probe, tcpProbe } from '@isthmus/agent'
import { loopbackOf } from '../addresses/loopback.ts'

/** As an agent probes endpoints in a flat network; here that is the loopback interface. */
export const probePod: Probe = ({ address, port }, signal) =>
  tcpProbe({ address: loopbackOf(address), port }, signal)
