/** What two rehearsals found, one with nothing against it. */
import type { RehearsalReport } from '../../scripts/lib/twin/report.ts'

export const sound: RehearsalReport = {
  format: 1,
  lab: 'example',
  base: '0'.repeat(40),
  commit: '1'.repeat(40),
  machines: { nodes: 3, guests: 1 },
  well: true,
  violations: [],
  standIns: ['the cluster file system (/etc/pve) of pve1, pve2, pve3'],
  notRehearsed: [
    'delay and loss of the lines of pve3: the lab does not name them ("line:" beside "port:")',
    "delay and loss of the lines (pve1 12 ms and 0.5 % lost; pve2 9.5 ms and 0 % lost; each way): this machine's kernel does not do that (Error: Specified qdisc kind is unknown.)",
  ],
  seconds: { boot: 9.2, base: 100, rollout: 90.5, total: 261 },
  deployment: { exit: 0, digest: 'a'.repeat(64), failure: null },
  hosts: { pve1: 'new', pve2: 'new', pve3: 'new', dns1: 'new' },
  steps: [
    {
      id: 1,
      part: 'dnsmasq',
      hosts: ['dns1'],
      from: 0.4,
      to: 6,
      predicted: { interrupts: [], maxSeconds: 0 },
      measured: [],
    },
    {
      id: 2,
      part: 'tinc.cluster',
      hosts: ['pve2'],
      from: 6.1,
      to: 31,
      predicted: { interrupts: ['corosync@pve2', 'tinc.cluster@pve2'], maxSeconds: 5 },
      measured: [{ id: 'net:cluster@pve2', seconds: 0.4 }],
    },
  ],
  groups: [{ id: 'corosync', kind: 'quorum', all: 3, needs: 2, fewest: 3 }],
  offers: [
    { title: 'router 10.0.1.1', asked: 1064, lost: 0, longestSeconds: 0 },
    { title: 'DNS of dns1 <@x>', asked: 1045, lost: 4, longestSeconds: 0.9 },
  ],
  faults: [
    {
      name: 'node-killed',
      host: 'pve1',
      when: 'after the rollout',
      rollout: null,
      away: [{ id: 'router 10.0.1.1', seconds: 3.1, open: false }],
      fewest: [{ group: 'corosync', fewest: 2 }],
      wholeAfterSeconds: 10,
    },
  ],
}
export const broken: RehearsalReport = {
  ...sound,
  well: false,
  violations: [
    'pve2 is left half-way: /etc/a | `b` <b>@someone</b>',
    'not whole again after pve1 was killed and switched on',
  ],
  steps: [],
  offers: [],
  faults: [
    {
      name: 'node-frozen',
      host: null,
      when: 'at step 2, armed',
      rollout: 'ended with exit 4: pve2 does not answer',
      away: [{ id: 'net:cluster@pve2', seconds: 40, open: true }],
      fewest: [],
      wholeAfterSeconds: null,
    },
  ],
}
