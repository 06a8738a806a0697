/** A real HAProxy on the rendered files, with servers that come and go and clients that ask all the time. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { haproxy } from '../../renderers/haproxy/index.ts'
import type { Lab } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { withFilledFiles } from './filled-files.ts'
import type { Outcome } from './haproxy-traffic.ts'
import { labIn } from './lab-folder.ts'
import { inNamespace, missing } from './namespace.ts'

/** $1: the folder of /etc/haproxy; the rest is the program. All addresses of the lab but those that move to edge1 are the loopback's. */
const stage = `
mount -t tmpfs tmpfs /run && mount --bind "$1" /etc/haproxy || exit 199
mkdir /run/haproxy
ip link set lo up
for ip in 10.7.0.21 10.7.0.3 10.7.0.24 192.0.2.11; do ip addr add $ip/32 dev lo; done
ip addr add fd00:7::22/128 dev lo
shift
exec "$@"
`

const why = missing('haproxy', 'ip', 'ss')
const it = (title: string, run: () => Promise<void>) =>
  why === null ? test(title, run) : test.skip(`${title} (skipped: ${why})`, run)

const front = await labIn('front')
const balanced = changed(front, ['services', 'haproxy', 'backends', 'wiki', 'balance'], 'roundrobin')
const host = 'edge1'

/** What became of requests to edge1, which has the files of the lab and then, where it is reloaded, those of another one. */
async function outcome(event: string, after: Lab = balanced, spoil = (text: string) => text): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-haproxy-'))
  try {
    for (const [name, lab] of [
      ['first', front],
      ['other', after],
    ] as const) {
      await withFilledFiles(lab, (filled) => {
        cpSync(join(filled, host, 'etc/haproxy'), folder, { recursive: true })
        writeFileSync(join(folder, name), spoil(inNamespaces(readFileSync(join(folder, 'haproxy.cfg'), 'utf8'))))
        return Promise.resolve()
      })
    }
    const program = join(import.meta.dirname, 'haproxy-traffic.ts')
    const node = [process.execPath, '--import', 'tsx', program]
    const { stdout, stderr, status } = inNamespace(
      stage,
      folder,
      ...node,
      '/etc/haproxy/first',
      '/etc/haproxy/other',
      event,
    )
    assert.is(status, 0, stderr)
    return JSON.parse(stdout) as Outcome
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Who is root of a namespace only has no other users to become. */
function inNamespaces(text: string): string {
  return text.replaceAll(/^ {4}(?:user|group|chroot) .*\n/gm, '')
}

it('no request fails while a server says that it is not well, and leaves', async () => {
  const { failures, asked, answered } = await outcome('leaves')
  assert.equal(failures, [])
  assert.ok(asked > 100, `${asked} requests`)
  assert.ok(answered['wiki1']! > 20 && answered['wiki2']! > 20, JSON.stringify(answered))
})

it('nor while one ends with no word', async () => {
  const { failures, asked } = await outcome('dies')
  assert.equal(failures, [])
  assert.ok(asked > 100, `${asked} requests`)
})

it('a request that fails is noticed: where nobody is asked twice, some do', async () => {
  const spoil = (text: string) =>
    text.replaceAll(/^.*(?:redispatch|retries|retry-on|l7-retry).*\n/gm, '    retries 0\n')
  const { failures } = await outcome('dies', balanced, spoil)
  assert.ok(failures.length > 0)
})

it('no request fails while HAProxy reloads, three times, and a connection that is open stays open', async () => {
  const { failures, asked, runs, connection } = await outcome('reloads')
  assert.equal(failures, [])
  assert.ok(asked > 100, `${asked} requests`)
  assert.equal([runs, connection], ['other', 'goes on'])
})

it('requests go by the host name that they ask for, in any spelling, by TLS too', async () => {
  const { routed } = await outcome('')
  const [plain, spelt, unknown, byTls] = Object.values(routed)
  assert.equal([plain, spelt, byTls], ['files1', 'files1', 'files1'])
  assert.match(unknown ?? '', /^wiki[12]$/)
})

it('where a port is somebody else’s, a reload fails, clients are turned away, and what it runs is not what its file says', async () => {
  const after = changed(front, ['services', 'haproxy', 'frontends', 'moved', 'listen', 0, 'port'], 82)
  const { runs, failures } = await outcome('cannot reload', after)
  assert.is(runs, 'first')
  assert.ok(failures.length > 0)
})

/** $1: a program by the name of which node is called; $2, $3: where it listens. Prints what ss says. */
const listener = `
mount -t tmpfs tmpfs /run && ln -s "$4" "/run/$1" || exit 199
ip link set lo up; ip addr add 10.7.0.1/32 dev lo; ip addr add fd00:7::1/128 dev lo nodad
"/run/$1" -e 'require("net").createServer().listen(Number(process.argv[2]), process.argv[1], () => console.error("."))' "$2" "$3" 2>/run/ready &
until [ -s /run/ready ]; do sleep 0.05; done
shift 4
"$@"
kill $!
`

for (const [program, ip, port, isFree] of [
  ['node', '10.7.0.1', 81, false],
  ['node', '0.0.0.0', 143, false],
  ['node', '::', 143, false],
  ['node', 'fd00:7::1', 81, false],
  ['haproxy-too', '10.7.0.1', 81, false],
  ['haproxy', '10.7.0.1', 81, true],
  ['node', '127.0.0.1', 81, true],
  ['node', '10.7.0.1', 810, true],
] as const) {
  it(`${program} at ${ip} port ${port} is ${isFree ? 'in nobody’s way' : 'found before a reload'}`, () => {
    const settings = haproxy.settings(front)[host]
    const probe = haproxy.parts(host, settings!)[0]?.check.find(({ run }) => run[0] === 'ss')
    const { stdout, stderr, status } = inNamespace(listener, program, ip, `${port}`, process.execPath, ...probe!.run)
    assert.is(status, 0, stderr)
    assert.match(stdout, `:${port} `)
    assert.is(new RegExp(probe!.stdout ?? '', 'm').test(stdout), isFree, stdout)
    return Promise.resolve()
  })
}

test.run()
