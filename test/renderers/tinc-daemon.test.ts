/** Two real tinc daemons on the rendered files: the only check there is for them. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withFilledFiles } from './filled-files.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing } from './namespace.ts'

/**
 * $1, $2: the configurations of two hosts; $3, $4: their addresses outside; $5, $6: those in the VPN; $7: node; $8: what to do to the first
 * configuration before; $9: how long to wait, ms; $10: a folder with another key for the first, or nothing. Each host has a network namespace, and a cable between them. Prints what one hears from the other through the VPN.
 */
const script = `
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log || exit 199
ip link set lo up
unshare -n sleep 60 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
far() { nsenter -t $other -n "$@"; }
ip link add near type veth peer name far && ip link set far netns $other || exit 199
ip addr add $3/32 dev near; ip link set near up; ip route add $4/32 dev near
far ip link set lo up; far ip addr add $4/32 dev far; far ip link set far up; far ip route add $3/32 dev far
cd "$1" && eval "$8" || exit 199
tincd -c "$1" -D -d1 --pidfile=/run/one.pid >/run/one.log 2>&1 & one=$!
far tincd -c "$2" -D -d1 --pidfile=/run/two.pid >/run/two.log 2>&1 & two=$!
until far ip -o addr show | grep -q " $6/"; do [ -d /proc/$two ] || break; sleep 0.1; done
far "$7" -e 'require("net").createServer((s) => s.end("heard")).listen(700, process.argv[1])' "$6" & server=$!
listen() {
  "$1" -e '
    const [ip] = process.argv.slice(1)
    const end = Date.now() + Number(process.argv[2])
    const ask = () => require("net").connect(700, ip).on("data", (d) => { console.log(String(d)); process.exit() }).on("error", again)
    const again = () => Date.now() > end ? process.exit(1) : setTimeout(ask, 100)
    ask()' "$2" "$3"
}
heard=$(listen "$7" "$6" "$9")
echo "heard: $heard"
if [ -n "\${10}" ]; then
  cp "\${10}/public" "$2/hosts/pve1"
  echo "its peer has the new public half: $(listen "$7" "$6" "$9")"
  kill $one; wait $one
  cp "\${10}/public" "$1/hosts/pve1"; cp "\${10}/private" "$1/rsa_key.priv"
  tincd -c "$1" -D -d1 --pidfile=/run/one.pid >>/run/one.log 2>&1 & one=$!
  echo "it has the private one: $(listen "$7" "$6" "$9")"
  kill $one
elif [ -n "$heard" ]; then
  kill -HUP $one; sleep 0.3; [ -d /proc/$one ] && echo "survives a reload"
  echo ConnectTo >>"$1/tinc.conf"; kill -HUP $one; wait $one; echo "a broken file ends it: $?"
fi
grep -h . /run/one.log >&2
kill $server $two $other 2>/dev/null
exit 0
`

const why = missing('tincd', 'ip', 'nsenter')
const it = (title: string, run: () => Promise<void>) =>
  why === null ? test(title, run) : test.skip(`${title} (skipped: ${why})`, run)

function connect(one: string, two: string, spoil: string, patienceMs: number, another = '') {
  return inNamespace(
    script,
    join(one, 'etc/tinc/cluster'),
    join(two, 'etc/tinc/cluster'),
    '198.51.100.11',
    '203.0.113.12',
    '10.0.0.11',
    '10.0.0.12',
    process.execPath,
    spoil,
    String(patienceMs),
    another,
  )
}

it('two tinc daemons with the rendered files find each other, and packets go through their taps', async () => {
  await withFilledFiles(await labIn('example'), async (folder) => {
    const { stdout, stderr } = connect(join(folder, 'pve1'), join(folder, 'pve2'), ':', 20_000)
    assert.is(stdout, 'heard: heard\nsurvives a reload\na broken file ends it: 1\n', stderr)
  })
})

it('with a new key: who has its public half first keeps the session, and lets it in with the private one', async () => {
  await withFilledFiles(await labIn('example'), async (folder) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    })
    const own = readFileSync(join(folder, 'pve2/etc/tinc/cluster/hosts/pve1'), 'utf8')
    const another = join(folder, 'another')
    mkdirSync(another)
    writeFileSync(join(another, 'public'), own.replace(/-----BEGIN[^]*/, publicKey))
    writeFileSync(join(another, 'private'), privateKey, { mode: 0o600 })
    const { stdout, stderr } = connect(join(folder, 'pve1'), join(folder, 'pve2'), ':', 20_000, another)
    assert.is(stdout, 'heard: heard\nits peer has the new public half: heard\nit has the private one: heard\n', stderr)
  })
})

it('a daemon with another key than its peer knows is not let in', async () => {
  await withFilledFiles(await labIn('example'), async (folder) => {
    // The private key of another VPN: whole, and not the one that the peers know.
    const spoil = 'cat ../services/rsa_key.priv > rsa_key.priv'
    const { stdout, stderr } = connect(join(folder, 'pve1'), join(folder, 'pve2'), spoil, 3000)
    assert.is(stdout, 'heard: \n', stderr)
  })
})

test.run()
