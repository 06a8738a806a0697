/** The daemons' own checkers accept what is rendered, and refuse it with a fault planted. */
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Lab, Probe } from '../../renderers/renderer.ts'
import { withFilledFiles } from './filled-files.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing, type Answer } from './namespace.ts'

interface Case {
  readonly service: string
  readonly programs: readonly string[]
  readonly lab: 'example' | 'pair' | 'duo' | 'watched' | 'front'
  readonly host: string
  /** Sets the stage for the check; $1 is the host's folder. */
  readonly stage: string
  /** A sed expression that spoils the file, and the file. */
  readonly faults: readonly (readonly [what: string, sed: string, file: string])[]
}

/** The host's /etc over ours. */
const overlay = `set -e
trap '[ "$staged" ] || exit 199' EXIT
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
cp -a $1/etc/. /mnt/upper/
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
ip link set lo up
`

const keepalivedFaults = [
  ['an interface that is not there', 's/^    interface .*/    interface nope0/', '/etc/keepalived/keepalived.conf'],
  ['an unknown word', 's/advert_int/advert_itn/', '/etc/keepalived/keepalived.conf'],
  [
    'a virtual router id out of range',
    's/virtual_router_id .*/virtual_router_id 256/',
    '/etc/keepalived/keepalived.conf',
  ],
  ['a file that is empty', 'd', '/etc/keepalived/keepalived.conf'],
] as const
const corosyncFaults = (path: string) =>
  [
    ['a node id twice', 's/nodeid: .*/nodeid: 1/', path],
    ['a brace too few', '$d', path],
    ['an unknown link mode', 's/link_mode: .*/link_mode: nope/', path],
  ] as const
const dnsmasqFaults = [
  ['an unknown option', 's/^domain-needed/domain-neded/', '/etc/dnsmasq.conf'],
  ['a range outside of any network', 's/^dhcp-range=.*/dhcp-range=10.0.1.300,10.0.1.199,12h/', '/etc/dnsmasq.conf'],
] as const
const haproxyFaults = [
  ['an unknown word', 's/^    balance/    balence/', '/etc/haproxy/haproxy.cfg'],
  ['a backend that is not there', 's/default_backend wiki/default_backend wikki/', '/etc/haproxy/haproxy.cfg'],
  ['a server that is not there', 's/server wiki1 .*/server wiki1 wiki1.invalid:80/', '/etc/haproxy/haproxy.cfg'],
  ['a frontend without timeouts', '/timeout/d', '/etc/haproxy/haproxy.cfg'],
  ['a file that is empty', 'd', '/etc/haproxy/haproxy.cfg'],
  ['a key without its certificate', '/CERTIFICATE/,/CERTIFICATE/d', '/etc/haproxy/front.pem'],
  ['a map that is not there', 's/web.map/webb.map/', '/etc/haproxy/haproxy.cfg'],
] as const
const interfacesFaults = [
  ['an address that is none', 's#address 10.*#address 10.0.0.999/24#', '/etc/network/interfaces'],
  ['an unknown stanza', 's/^iface vmbr1\\|^iface br0/ifcae x/', '/etc/network/interfaces'],
] as const
const rulesFile = '/etc/prometheus/quorate.rules.yml'
const prometheusFaults = [
  ['an unknown key', 's/^scrape_configs:/scrape_config:/', '/etc/prometheus/prometheus.yml'],
  ['a target with a path', 's#:8404"#:8404/metrics"#', '/etc/prometheus/prometheus.yml'],
  ['rules that are not there', 's/quorate.rules.yml/other.rules.yml/', '/etc/prometheus/prometheus.yml'],
  ['an expression that is none', 's/) < 3"/) < 3)"/', rulesFile],
  ['an alert that is there twice', 's/"VirtualAddressGone"/"VirtualAddressTwice"/', rulesFile],
  ['an alert that would never fire', 's/quorate_quorum == 1/quorate_quorum >= 0/', rulesFile],
  ['an alert that would always fire', 's/) > 300/) > -300/', rulesFile],
  ['an alert that tells something else', 's/does not answer/is well/', rulesFile],
  ['a receiver that is not there', 's/receiver: lab/receiver: lap/', '/etc/prometheus/alertmanager.yml'],
  ['an address that is none', 's#url: "https:#url: "htps:#', '/etc/prometheus/alertmanager.yml'],
] as const
const key =
  'mkdir -p /etc/corosync; head -c 1024 /dev/urandom > /etc/corosync/authkey; mount -t tmpfs t /var/lib/corosync'

const cases: readonly Case[] = [
  { service: 'dnsmasq', programs: ['dnsmasq'], lab: 'example', host: 'dns1', stage: '', faults: dnsmasqFaults },
  { service: 'dnsmasq', programs: ['dnsmasq'], lab: 'pair', host: 'node-b', stage: '', faults: dnsmasqFaults },
  {
    service: 'keepalived',
    programs: ['keepalived', 'ip'],
    lab: 'example',
    host: 'pve1',
    stage: 'ip link add vmbr1 type bridge',
    faults: keepalivedFaults,
  },
  {
    service: 'keepalived',
    programs: ['keepalived', 'ip'],
    lab: 'pair',
    host: 'node-b',
    stage: 'ip link add br0 type bridge',
    faults: keepalivedFaults,
  },
  {
    service: 'corosync',
    programs: ['corosync', 'ip'],
    lab: 'example',
    host: 'pve1',
    stage: `${key}; ip addr add 10.0.0.11/24 dev lo`,
    faults: corosyncFaults('/etc/pve/corosync.conf'),
  },
  {
    service: 'corosync',
    programs: ['corosync', 'ip'],
    lab: 'pair',
    host: 'node-b',
    stage: `${key}; ip addr add 10.9.0.8/24 dev lo`,
    faults: corosyncFaults('/etc/corosync/corosync.conf'),
  },
  {
    service: 'corosync',
    programs: ['corosync', 'ip'],
    lab: 'duo',
    host: 'right',
    stage: `${key}; ip addr add 10.5.0.12/24 dev lo`,
    faults: corosyncFaults('/etc/corosync/corosync.conf'),
  },
  {
    service: 'interfaces',
    programs: ['ifup', 'ip'],
    lab: 'example',
    host: 'pve1',
    stage: 'mount -t tmpfs t /run; mkdir /run/network; ip link add eno1 type veth peer name far',
    faults: interfacesFaults,
  },
  {
    service: 'interfaces',
    programs: ['ifup', 'ip'],
    lab: 'pair',
    host: 'node-b',
    stage:
      'mount -t tmpfs t /run; mkdir /run/network; ip link add enp1s0 type veth peer name far; ip link add enp2s0 type veth peer name far2',
    faults: interfacesFaults,
  },
  {
    service: 'prometheus',
    programs: ['promtool', 'amtool'],
    lab: 'watched',
    host: 'eye',
    stage: '',
    faults: prometheusFaults,
  },
  {
    service: 'haproxy',
    programs: ['haproxy', 'ss'],
    lab: 'front',
    host: 'edge1',
    stage: '',
    faults: haproxyFaults,
  },
  {
    service: 'custom',
    programs: ['nft'],
    lab: 'example',
    host: 'pve1',
    stage: '',
    faults: [['an unknown chain', 's/postrouting priority/posttrouting priority/', '/etc/nftables.conf']],
  },
]

for (const one of cases) {
  const why = missing(...one.programs)
  const title = `${one.service}: its checker accepts ${one.host} of the lab "${one.lab}"`
  if (why !== null) {
    test.skip(`${title} (skipped: ${why})`, () => {})
    continue
  }
  test(title, async () => {
    const lab = await labIn(one.lab)
    await withFilledFiles(lab, async (folder) => {
      for (const { probe, answer } of ask(lab, one, join(folder, one.host), '')) {
        assert.is(wrongWith(probe, answer), null, `${probe.title}: ${JSON.stringify(answer)}`)
      }
    })
  })
  for (const [what, sed, file] of one.faults) {
    test(`${one.service}: its checker finds ${what} on ${one.host} of the lab "${one.lab}"`, async () => {
      const lab = await labIn(one.lab)
      await withFilledFiles(lab, async (folder) => {
        const answers = ask(lab, one, join(folder, one.host), `sed -i '${sed}' ${file}`)
        const complaints = answers.filter(({ probe, answer }) => wrongWith(probe, answer) !== null)
        assert.ok(complaints.length > 0, JSON.stringify(answers, null, 2))
      })
    })
  }
}

/** Runs every check of the service on the host, on the staged files at their real paths. */
function ask(lab: Lab, one: Case, folder: string, spoil: string): readonly { probe: Probe; answer: Answer }[] {
  const renderer = renderers.find(({ service }) => service === one.service)
  const settings = renderer?.settings(lab)[one.host]
  if (renderer === undefined || settings === undefined) throw new Error(`${one.service} is not on ${one.host}`)
  const checks = renderer.parts(one.host, settings).flatMap((part) => part.check)
  const script = `${overlay}${one.stage}\n${spoil}\nstaged=1\nshift\nset +e\n"$@"`
  return checks.map((probe) => {
    const answer = inNamespace(script, folder, ...probe.run)
    if (answer.status === 199) throw new Error(`the stage could not be set: ${answer.stderr}`)
    return { probe, answer }
  })
}

/** As the deployer judges: exit code and error output. */
function wrongWith(probe: Probe, { status, stderr }: Answer): string | null {
  if (status === null || !probe.exit.includes(status)) return `exit ${status}`
  if (probe.stderrNot !== undefined && new RegExp(probe.stderrNot, 'mi').test(stderr)) return stderr
  return null
}

test.run()
