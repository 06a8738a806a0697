/** What plays Proxmox VE's cluster file system on a twin's node. */
import type { BareFile } from './bare.ts'
import pmxcfs from './pmxcfs.py'

const program = '/usr/local/lib/quorate-twin/pmxcfs.py'

const unit = `[Unit]
Description=Stand-in for the Proxmox VE cluster file system
Before=corosync.service

[Service]
ExecStartPre=/bin/mkdir -p /etc/pve
ExecStart=/usr/bin/python3 ${program} /var/lib/pve-cluster /etc/corosync/corosync.conf /etc/pve
ExecStartPost=/bin/sh -c 'until test -e /etc/pve/.version; do kill -0 $MAINPID || exit 1; sleep 0.1; done'
ExecStop=/bin/umount -l /etc/pve
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
`

/** As the package pve-cluster would leave them: the program, its unit, and the unit enabled. */
export const pmxcfsFiles: readonly BareFile[] = [
  { path: program, mode: 0o755, content: pmxcfs.text },
  { path: '/etc/systemd/system/pve-cluster.service', mode: 0o644, content: unit },
  // What enabling makes a link of; systemd reads a drop-in folder's plain copy of it the same way.
  {
    path: '/etc/systemd/system/multi-user.target.d/pve-cluster.conf',
    mode: 0o644,
    content: '[Unit]\nWants=pve-cluster.service\n',
  },
]
