/**
 * The flat network of a playground. A pod has an address of 10.0.0.0/8, as Kubernetes refuses loopback
 * addresses in pod status and in EndpointSlices. Nothing routes that address here, so what serves the
 * pod listens on the loopback address with the same last three bytes, on the same port:
 *
 *     10.64.16.2:8080  ->  127.64.16.2:8080
 */

/** Where to listen or connect for `address`. Whatever is not in 10.0.0.0/8 stands for itself. */
export function loopbackOf(address: string): string {
  return address.startsWith('10.') ? `127.${address.slice(3)}` : address
}

/** Linux and Windows answer on all of 127.0.0.0/8; elsewhere often only 127.0.0.1 is there. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.')
}
