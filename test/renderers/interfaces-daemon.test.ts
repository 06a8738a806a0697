/** The real ifupdown2 on the rendered file: absent taps are tolerated, and what joined the bridge later stays in it. */
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withFilledFiles } from './filled-files.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing } from './namespace.ts'

/** $1: the file; $2: a sed expression that changes it before. */
const script = `
mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && mkdir /run/network || exit 199
sed "$2" "$1" >/run/interfaces && mount --bind /run/interfaces /etc/network/interfaces || exit 199
ip link set lo up
ip link add eno1 type veth peer name cable; ip link set cable up
ifup -a; echo "ifup: $?"
ip link add services type veth peer name tincd; ip link set services master vmbr1 up
ip link add veth101i0 type veth peer name guest; ip link set veth101i0 master vmbr1 up
ifreload -a; echo "ifreload: $?"
ip -o addr show dev vmbr1 | grep -o 'inet [^ ]*'
for port in eno1 services veth101i0; do bridge link show dev $port | grep -o 'master [^ ]*' || echo "$port is alone"; done
ip -o link show dev vmbr1 | grep -o 'mtu [0-9]*'
`
const why = missing('ifup', 'ifreload', 'ip', 'bridge')
const it = (title: string, run: () => Promise<void>) =>
  why === null ? test(title, run) : test.skip(`${title} (skipped: ${why})`, run)

async function reload(change: string): Promise<{ stdout: string; stderr: string }> {
  let answer = { stdout: '', stderr: '' }
  await withFilledFiles(await labIn('example'), async (folder) => {
    answer = inNamespace(script, join(folder, 'pve1/etc/network/interfaces'), change)
  })
  return answer
}

it('vmbr1 comes up before its tap is there, and ifreload leaves tap and guests in it', async () => {
  const { stdout, stderr } = await reload('')
  const lines = [
    'ifup: 0',
    'ifreload: 0',
    'inet 10.0.1.11/24',
    'master vmbr0',
    'master vmbr1',
    'master vmbr1',
    'mtu 1400',
  ]
  assert.is(stdout, `${lines.join('\n')}\n`, stderr)
})

it('without the condoned ports ifreload takes tap and guests out of the bridge', async () => {
  const { stdout } = await reload('/condone/d')
  assert.match(stdout, 'services is alone')
  assert.match(stdout, 'veth101i0 is alone')
})

it('a bridge that names its absent tap makes ifup fail', async () => {
  const { stdout } = await reload('s/bridge-ports none/bridge-ports services/')
  assert.match(stdout, 'ifup: 1')
})

test.run()
