/** Two real keepalived daemons on the rendered files: what the lockstep of a virtual router rests on. */
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Lab } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { withFilledFiles } from './filled-files.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing } from './namespace.ts'

/**
 * $1, $2: files of the master and of a backup; $3, $4: those that they get; $5, $6: their addresses; $7: the virtual one; $8: "stopped" where
 * the backup is, while the master changes. Each host has a network namespace, and a cable between them. Prints who has the address when a
 * backup that heard nobody would have taken it, and whether the master gave it up.
 */
const script = `
mount -t tmpfs tmpfs /run || exit 199
ip link set lo up
unshare -n sleep 60 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
far() { nsenter -t $other -n "$@"; }
ip link add vmbr1 type veth peer name far && ip link set far netns $other && far ip link set far name vmbr1 || exit 199
ip addr add $5/24 dev vmbr1; ip link set vmbr1 up
far ip link set lo up; far ip addr add $6/24 dev vmbr1; far ip link set vmbr1 up
cp "$1" /run/master.conf; cp "$2" /run/backup.conf
daemon() { echo keepalived -n -l -f /run/$1.conf -p /run/$1.pid -r /run/$1.vrrp -c /run/$1.check; }
$(daemon master) >/run/master.log 2>&1 & master=$!
start() { nsenter -t $other -n $(daemon backup) >>/run/backup.log 2>&1 & backup=$!; }
start
virtual=$7
holds() { "$@" ip -o addr show to $virtual/32 | grep -q .; }
for _ in $(seq 100); do holds env && ! holds far && break; sleep 0.1; done
# The master may have been heard by nobody yet.
sleep 1
ip monitor address >/run/events & monitor=$!
if [ "$8" = stopped ]; then kill $backup; wait $backup; fi
cp "$3" /run/master.conf; kill -HUP $master
cp "$4" /run/backup.conf
[ "$8" != stopped ] || start
sleep 6
holds env && echo 'the master has it'
holds far && echo 'the backup has it'
grep -q "^Deleted.* $7/" /run/events && echo 'it was given up'
kill $monitor $master $backup $other
grep -h . /run/*.log >&2
exit 0
`

const why = missing('keepalived', 'ip', 'nsenter')
const it = (title: string, run: () => Promise<void>) =>
  why === null ? test(title, run) : test.skip(`${title} (skipped: ${why})`, run)

const example = await labIn('example')
const router = (key: string, value: number | boolean) =>
  changed(example, ['services', 'keepalived', 'routers', 'services', key], value)

function said(after: Lab, backup: 'stopped' | 'running'): Promise<readonly string[]> {
  return withFilledFilesOf([example, after], ([old = '', young = '']) => {
    const file = (folder: string, host: string) => join(folder, host, 'etc/keepalived/keepalived.conf')
    const files = [old, young].flatMap((folder) => [file(folder, 'pve1'), file(folder, 'pve2')])
    const { stdout, stderr, status } = inNamespace(script, ...files, '10.0.1.11', '10.0.1.12', '10.0.1.1', backup)
    assert.is(status, 0, stderr)
    return stdout.split('\n').slice(0, -1)
  })
}

async function withFilledFilesOf(
  labs: readonly Lab[],
  use: (folders: readonly string[]) => readonly string[],
): Promise<readonly string[]> {
  let result: readonly string[] = []
  const fill = (left: readonly Lab[], folders: readonly string[]): Promise<void> => {
    const [lab, ...others] = left
    if (lab !== undefined) return withFilledFiles(lab, (folder) => fill(others, [...folders, folder]))
    result = use(folders)
    return Promise.resolve()
  }
  await fill(labs, [])
  return result
}

it('with the backup stopped, a reload with no password any more leaves the address where it is', async () => {
  assert.equal(await said(router('password', false), 'stopped'), ['the master has it'])
})

it('another id is another instance: the address is given up, and comes back', async () => {
  assert.equal(await said(router('id', 11), 'stopped'), ['the master has it', 'it was given up'])
})

it('with the backup running on, there are two masters: that is why it is stopped', async () => {
  assert.equal(await said(router('password', false), 'running'), ['the master has it', 'the backup has it'])
})

test.run()
