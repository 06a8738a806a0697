/** The certificates by which corosync-qdevice and corosync-qnetd know each other: made and handed out by a person, never by us. */
import type { Cluster } from './settings.ts'

/** Whether a node has any: corosync-qdevice-net-certutil(8) makes it, and pvecm qdevice setup calls that. */
export const certificates = '/etc/corosync/qdevice/net/nssdb/cert9.db'

/** The command that makes them on the device and on all nodes, over ssh. Empty without a device. */
export function certutil({ name, device, nodes }: Cluster): string {
  if (device === null) return ''
  return `corosync-qdevice-net-certutil -Q -n ${name} ${device.address} ${nodes.map(({ addresses }) => addresses[0]).join(' ')}`
}
