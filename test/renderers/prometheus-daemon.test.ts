/** The real daemons on the rendered files, on the loopback of a namespace of their own: what is found out, scraped and told. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sha256 } from '../../scripts/lib/bundle/canonical.ts'
import type { Json } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { withFilledFiles } from './filled-files.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing } from './namespace.ts'

const watched = await labIn('watched')

const skippedWith = (...programs: readonly string[]) => {
  const why = missing(...programs)
  return (title: string, run: () => Promise<void>) =>
    why === null ? test(title, run) : test.skip(`${title} (skipped: ${why})`, run)
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-prometheus-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** $1 the host's folder, $2 the state of deployments, $3 what corosync-quorumtool exits with. */
const factScript = `
mount -t tmpfs tmpfs /usr/local/sbin || exit 199
printf '#!/bin/sh\\nexit %s\\n' "$3" >/usr/local/sbin/corosync-quorumtool; chmod +x /usr/local/sbin/corosync-quorumtool
ip link set lo up; ip addr add 10.6.1.12/32 dev lo; ip addr add fd00:61::1/128 dev lo; ip route add unreachable 10.6.1.13
sh "$1/etc/quorate/facts.sh" "$1/etc/quorate/facts" "$2" "$2/out" || exit 198
ls "$2" >&2
cat "$2/out"
`

const facts = skippedWith('ip', 'ping', 'promtool')

facts(
  'a host finds out whether it is in a quorum, owns an address, reaches its peers and holds what was deployed',
  () =>
    withFilledFiles(watched, (hosts) =>
      inFolder(async (state) => {
        const found = (quorum: number) => {
          const { status, stdout, stderr } = inNamespace(factScript, join(hosts, 'w1'), state, String(quorum))
          assert.is(status, 0, stderr)
          const {
            status: linted,
            stderr: complaint,
            stdout: more,
          } = inNamespace('promtool check metrics <"$1"/out', state)
          assert.is(linted, 0, `${complaint}${more}`)
          assert.not.match(stderr, 'out.new')
          return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
        }
        const said = [
          'quorate_quorum 1',
          'quorate_virtual_address{network="guests",address="10.6.1.1"} 0',
          'quorate_virtual_address{network="guests",address="fd00:61::1"} 1',
          'quorate_peer_reachable{network="guests",peer="w2"} 1',
          'quorate_peer_reachable{network="guests",peer="w3"} 0',
        ]
        assert.equal(found(0), said, 'nothing was ever deployed')
        await writeFile(join(state, 'a'), 'as deployed\n')
        await writeFile(join(state, 'b'), 'edited\n')
        const row = (name: string, store: string) =>
          [join(state, name), '0644', 'root:root', store, 'x', sha256('as deployed\n')].join('\t')
        const table = [row('a', 'disk'), row('b', 'disk'), row('gone', 'disk'), row('b', 'pmxcfs')]
        await writeFile(join(state, 'files'), `${table.join('\n')}\n`)
        await writeFile(join(state, 'deployed'), '{"at":"2026-01-01T00:00:00Z","commit":"abc123","rollout":"0"}\n')
        const whole = ['quorate_deployed_whole 1', 'quorate_deployed_commit_info{commit="abc123"} 1']
        const more = 'quorate_managed_files_changed 2'
        assert.equal(found(2), ['quorate_quorum 0', ...said.slice(1), ...whole, more])
        await writeFile(join(state, 'deployed'), '{"at":"2026-01-01T00:00:00Z","commit":null,"rollout":"0"}\n')
        assert.equal(found(0), [...said, 'quorate_deployed_whole 0', more])
      }),
    ),
)

/** The lab with one server, scraped every 5 s; its own node exporter is all that stands besides. */
const set = (value: Json | undefined, lab: typeof watched, ...path: readonly string[]) =>
  changed(lab, ['services', 'prometheus', ...path], value)
const alone = [
  [['eye'], 'servers'],
  [['eye', 'w1'], 'exporters'],
  [undefined, 'targets'],
  [5, 'interval'],
  [{ Reached: { expr: 'up{host="eye"} == 1', summary: '{{ $labels.job }} on {{ $labels.host }}' } }, 'rules'],
  [{ webhook: { url: 'http://[fd00:61::90]:1/', token: true } }, 'alertmanager'],
] as const
const small = alone.reduce((lab, [value, key]) => set(value as Json | undefined, lab, key), watched)

/**
 * $1 the host's folder, $2 a folder for what is kept. Starts the three as their units do, with the arguments of /etc/default, and prints what
 * Prometheus knows once its own rules were evaluated.
 */
const daemons = `
mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work && cp -a "$1"/etc/. /mnt/upper/ || exit 199
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc || exit 199
mount -t tmpfs tmpfs /var/lib/prometheus && mkdir -p /var/lib/prometheus/metrics2 /var/lib/prometheus/node-exporter || exit 199
ip link set lo up; ip addr add fd00:61::90/128 dev lo nodad
sh /etc/quorate/facts.sh
cd "$2" || exit 199
start() { ( . "/etc/default/$1"; exec "$1" $ARGS ) >"$2/$1.log" 2>&1 & }
for each in prometheus prometheus-alertmanager prometheus-node-exporter; do start $each "$2"; done
ask() { promtool query instant 'http://[fd00:61::90]:9090' "$1" 2>&1; }
amtool() { command amtool --alertmanager.url='http://[fd00:61::90]:9093' "$@"; }
all() { [ "$(ask up | grep -c '=>')" = 4 ] && [ "$(amtool alert query 2>&1 | grep -c ' on eye')" = 3 ]; }
for _ in $(seq 50); do ! all || break; sleep 0.4; done
ask up
ask 'node_textfile_mtime_seconds{file="/var/lib/prometheus/node-exporter/quorate.prom"} > 1'
ask 'prometheus_config_last_reload_successful'
amtool alert query
amtool cluster show
ss -Hltn
grep -h 'level=[we]' "$2"/prometheus.log "$2"/prometheus-alertmanager.log >&2
exit 0
`

const real = skippedWith('prometheus', 'prometheus-alertmanager', 'prometheus-node-exporter', 'ip', 'ss')

real('Prometheus scrapes node exporter, reads what the host found out, and Alertmanager gets the alerts', () =>
  withFilledFiles(small, (hosts) =>
    inFolder(async (kept) => {
      const { stdout, stderr } = inNamespace(daemons, join(hosts, 'eye'), kept)
      const of = (job: string, value: number, host = 'eye') =>
        new RegExp(String.raw`^up\{.*host="${host}".*job="${job}"\} => ${value} @`, 'm')
      for (const job of ['node', 'prometheus', 'alertmanager']) assert.match(stdout, of(job, 1), `${stdout}\n${stderr}`)
      assert.match(stdout, of('node', 0, 'w1'), 'nobody answers for w1')
      assert.match(stdout, /^node_textfile_mtime_seconds\{.*host="eye"/m)
      assert.match(stdout, /^prometheus_config_last_reload_successful\{.*\} => 1 @/m)
      assert.match(stdout, /^Reached .* node on eye/m)
      assert.match(stdout, /^Cluster Status: +disabled/m)
      const open = [...stdout.matchAll(/^LISTEN +\d+ +\d+ +(\S+)/gm)].map(([, at]) => at ?? '').toSorted()
      assert.equal(open, ['[fd00:61::90]:9090', '[fd00:61::90]:9093', '[fd00:61::90]:9100'])
      assert.is(stderr, '')
    }),
  ),
)

test.run()
