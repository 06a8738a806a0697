import { servicePlace, type Part } from '../renderer.ts'
import { unitActive } from '../unit-active.ts'
import { unitDropIn } from '../unit-drop-in.ts'
import { unitGone } from '../unit-gone.ts'
import { certificates, certutil } from './certificates.ts'
import type { CorosyncSettings } from './settings.ts'

const unit = 'corosync-qdevice.service'

/**
 * What makes a node ask the quorum device for its vote. Named so that it comes after corosync's own unit. The unit requires corosync's, so a restart of
 * that one is one of this one too.
 */
export function witnessPart({ platform, cluster }: CorosyncSettings): readonly Part[] {
  const { device } = cluster
  if (device === null) return []
  const byHand =
    platform === 'proxmox' ? `on one node: pvecm qdevice setup ${device.address}` : `on one node: ${certutil(cluster)}`
  const places = [servicePlace('corosync', 'device')]
  return [
    {
      id: 'corosync.witness',
      layer: 8,
      reach: 'host',
      files: [
        unitDropIn({ unit, after: ['corosync.service'], interfaces: [], startPost: null, stopPost: null }, places, {
          // On a running corosync-qdevice "start" does nothing.
          acts: [{ run: ['systemctl', 'daemon-reload'] }, { unit, do: 'enable' }, { unit, do: 'start' }],
          interrupts: [],
          maxSeconds: 0,
        }),
      ],
      onRemove: {
        acts: unitGone(unit),
        interrupts: [`qdevice@${device.host ?? device.address}`],
        maxSeconds: 30,
      },
      needs: {
        packages: { 'corosync-qdevice': '/usr/sbin/corosync-qdevice' },
        directories: [],
        ...(device.tls === 'off' ? {} : { byHand: { [certificates]: byHand } }),
      },
      check: [],
      probe: [unitActive(unit, 30)],
    },
  ]
}
