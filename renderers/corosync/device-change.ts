import { isDeepStrictEqual } from 'node:util'
import { certutil } from './certificates.ts'
import type { Refusal } from './refusal.ts'
import type { Cluster } from './settings.ts'

/**
 * Null where the quorum device stays as it is, and the nodes with it. A device that comes needs certificates that only a person can hand out, and
 * nodes come and go without one (DOMAIN §2.4: remove it first, add it back at an even count).
 */
export function deviceChange(old: Cluster, now: Cluster, isProxmox: boolean): Refusal | null {
  const names = ({ nodes }: Cluster) => nodes.map(({ name }) => name)
  if (isDeepStrictEqual(old.device, now.device)) {
    if (now.device === null || isDeepStrictEqual(names(old), names(now))) return null
    return {
      why: 'a node comes or goes while there is a quorum device',
      manual: `Take the device out first (${gone(isProxmox)}), change the nodes, and add it again when their number is even.`,
    }
  }
  const why =
    old.device === null
      ? `a quorum device comes: ${now.device?.address}`
      : now.device === null
        ? `the quorum device ${old.device.address} goes`
        : `the quorum device changes: ${old.device.address} (${old.device.algorithm}, ${old.device.votes} votes, tls ${old.device.tls}) → ${now.device.address} (${now.device.algorithm}, ${now.device.votes} votes, tls ${now.device.tls})`
  const steps = [
    ...(old.device === null ? [] : [gone(isProxmox)]),
    ...(now.device === null ? [] : [comes(now, isProxmox)]),
  ]
  return {
    why,
    manual: `With all nodes up: ${steps.join('; then ')}. Then run quorate deploy: it sees that corosync has it so, and goes on.`,
    byHand: 'waits',
  }
}

function gone(isProxmox: boolean): string {
  return isProxmox
    ? 'on one node: pvecm qdevice remove'
    : `on every node: systemctl disable --now corosync-qdevice, and take device { … } out of /etc/corosync/corosync.conf with a config_version one higher; then on one: corosync-cfgtool -R`
}

function comes(cluster: Cluster, isProxmox: boolean): string {
  const { device } = cluster
  if (device === null) return ''
  if (isProxmox) {
    return `on ${device.address}: apt-get install corosync-qnetd; on every node: apt-get install corosync-qdevice; on one node: pvecm qdevice setup ${device.address}`
  }
  const keys = device.tls === 'off' ? '' : `; on one node: ${certutil(cluster)}`
  return `on ${device.address}: apt-get install corosync-qnetd; on every node: apt-get install corosync-qdevice${keys}; on every node: put the device { … } of  quorate render  into /etc/corosync/corosync.conf with a config_version one higher; then on one: corosync-cfgtool -R; then on every node: systemctl enable --now corosync-qdevice`
}
