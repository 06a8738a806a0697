/** The quorum device: a corosync-qnetd outside the cluster that votes for one of its halves. */
import type { Lab } from '../renderer.ts'

/** `device` in lab/services/corosync.yaml. */
export type DeviceService = {
  /** A host of the lab, or a literal address. */
  readonly host: string
  /** The network by which the nodes reach it. */
  readonly network: string
  readonly algorithm?: Algorithm
  readonly votes?: number
  readonly tls?: 'on' | 'off' | 'required'
}

/** ffsplit: one vote for one half of an even number of nodes. lms: all votes but one, for whoever is left. */
export type Algorithm = 'ffsplit' | 'lms'

export type Device = {
  /** Literal. */
  readonly address: string
  /** Its name in the lab; null where it is none of ours. */
  readonly host: string | null
  readonly network: string
  readonly algorithm: Algorithm
  readonly votes: number
  readonly tls: 'on' | 'off' | 'required'
}

/** `nodeVotes`: of all nodes. corosync-qdevice(8): ffsplit has one vote, and by default a device has one vote less than all nodes. */
export function deviceOf(lab: Lab, device: DeviceService | undefined, nodeVotes: number): Device | null {
  if (device === undefined) return null
  const algorithm = device.algorithm ?? 'ffsplit'
  const host = Object.hasOwn(lab.hosts, device.host) ? lab.hosts[device.host] : undefined
  return {
    address: host === undefined ? device.host : (host.addresses[device.network]?.addresses[0]?.ip ?? ''),
    host: host?.name ?? null,
    network: device.network,
    algorithm,
    votes: device.votes ?? (algorithm === 'ffsplit' ? 1 : Math.max(1, nodeVotes - 1)),
    tls: device.tls ?? 'on',
  }
}
